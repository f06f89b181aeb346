import type { ByteStream } from "@proj/wire-types";
import { type ConnectOptions, connectWithin } from "./connect-options.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { dialTlsSocket } from "./dial-socket.js";
import { formatEndpoint, tcpEndpoint } from "./endpoint.js";
import {
  type ListenAddress,
  type ListenOptions,
  listenTlsSocket,
  type SocketListener,
} from "./listen-socket.js";
import { socketStream } from "./socket-stream.js";
import { type ClientTls, type ServerTls, XCP_ALPN } from "./tls-options.js";

/** Options of {@link connectTls}. */
export interface ConnectTlsOptions extends Omit<ConnectOptions, "allowInsecure"> {
  /** A name or an address; IPv6 without brackets. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 9944. */
  readonly port?: number;
  /** Whom to trust and what to present. */
  readonly tls?: ClientTls;
}

/**
 * Connects over TLS 1.3 with ALPN `xcp/0.2`.
 *
 * A server refuses a missing or untrusted client certificate only after the connection stands here: then the stream
 * closes with `xcp.auth_required` or `xcp.auth_failed`.
 *
 * @throws XcpError `xcp.auth_failed` (certificate), `xcp.version_unsupported` (ALPN), `xcp.crypt_required` (below TLS 1.3)
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`
 * @see spec/xcp.md §12, §20
 */
export async function connectTls(options: ConnectTlsOptions): Promise<ByteStream> {
  const endpoint = tcpEndpoint(options);
  return connectWithin(formatEndpoint(endpoint), options, async (signal) => {
    const { socket, info, drop } = await dialTlsSocket(
      endpoint,
      options.tls ?? {},
      XCP_ALPN,
      signal,
    );
    return socketStream(socket, info("tls"), { ...options, drop });
  });
}

/** Options of {@link listenTls}. */
export interface ListenTlsOptions extends ListenOptions, Omit<ListenAddress, "allowInsecure"> {
  /** What to present and whom to admit. */
  readonly tls: ServerTls;
}

/**
 * Accepts TLS 1.3 connections with ALPN `xcp/0.2`; with `tls.clientCa` only from clients that these authorities signed.
 *
 * @throws WireError `wire.connection_failed`
 * @see spec/xcp.md §12, §20
 */
export async function listenTls(
  options: ListenTlsOptions,
  accept: (stream: ByteStream) => void,
): Promise<SocketListener> {
  return listenTlsSocket(tcpEndpoint(options), options.tls, XCP_ALPN, options, (connected) => {
    accept(tlsStream(connected, options));
  });
}

function tlsStream(
  { socket, info, drop }: ConnectedSocket,
  options: { readonly highWaterBytes?: number },
): ByteStream {
  return socketStream(socket, info("tls"), { ...options, drop });
}
