import type { ByteStream } from "@proj/wire-types";
import { refuseInsecure } from "../loopback.js";
import { type ConnectOptions, connectWithin } from "./connect-options.js";
import type { ConnectedSocket } from "./connected-socket.js";
import { dialOwnSocket } from "./dial-socket.js";
import { formatEndpoint, tcpEndpoint } from "./endpoint.js";
import {
  type ListenAddress,
  type ListenOptions,
  listenSocket,
  type SocketListener,
} from "./listen-socket.js";
import { plainStream } from "./socket-stream.js";

/** Options of {@link connectTcp}. */
export interface ConnectTcpOptions extends ConnectOptions {
  /** A name or an address; IPv6 without brackets. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 9944. */
  readonly port?: number;
}

/**
 * Connects over plain TCP.
 *
 * @throws XcpError `xcp.crypt_required` beyond loopback without `allowInsecure`
 * @throws WireError `wire.connection_failed`, `wire.timeout`, `wire.cancelled`
 * @see spec/xcp.md §20
 */
export async function connectTcp(options: ConnectTcpOptions): Promise<ByteStream> {
  const endpoint = tcpEndpoint(options);
  refuseInsecure({ ...endpoint, transport: "tcp", doing: "connecting to" }, options.allowInsecure);
  return connectWithin(formatEndpoint(endpoint), options, async (signal) => {
    return tcpStream(await dialOwnSocket(endpoint, signal), options);
  });
}

/** Options of {@link listenTcp}. */
export interface ListenTcpOptions extends ListenOptions, ListenAddress {}

/**
 * Accepts plain TCP connections.
 *
 * @throws XcpError `xcp.crypt_required` beyond loopback without `allowInsecure`
 * @throws WireError `wire.connection_failed`
 * @see spec/xcp.md §20
 */
export async function listenTcp(
  options: ListenTcpOptions,
  accept: (stream: ByteStream) => void,
): Promise<SocketListener> {
  const endpoint = tcpEndpoint(options);
  refuseInsecure({ ...endpoint, transport: "tcp", doing: "listening at" }, options.allowInsecure);
  return listenSocket(endpoint, options, (connected) => accept(tcpStream(connected, options)));
}

function tcpStream(
  connected: ConnectedSocket,
  options: { readonly highWaterBytes?: number },
): ByteStream {
  return plainStream(connected, connected.info("tcp"), { ...options, drop: connected.drop });
}
