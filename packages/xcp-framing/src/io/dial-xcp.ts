import type { ByteStream, MessagePipe } from "@proj/wire-types";
import type { XcpLimits } from "../limits.js";
import type { ConnectOptions } from "./connect-options.js";
import { connectHttp2, connectHttp2Channels } from "./http2-client.js";
import { connectTcp } from "./tcp.js";
import { connectTls } from "./tls.js";
import type { ClientTls } from "./tls-options.js";
import { NETWORK_SCHEMES, parseTransportUrl, parseUnixUrl } from "./transport-url.js";
import { connectUnix } from "./unix.js";
import { connectWebSocket } from "./websocket-client.js";

/** Options of {@link dialXcp}. */
export interface DialOptions extends ConnectOptions {
  /** Whom to trust and what to present, where the scheme has TLS. */
  readonly tls?: ClientTls;
  /** Further headers of the HTTP requests of `ws`, `wss`, `h2` and `h2c`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How `h2` and `h2c` carry channels. Default `together`, in one stream. */
  readonly http2Channels?: "together" | "stream each";
  /** The connection's limits. */
  readonly limits?: Partial<XcpLimits>;
}

/**
 * Connects the transport that `url` names.
 *
 * `xcp://host:port` TCP · `xcps://` TLS · `ws://` and `wss://` WebSocket · `h2://` HTTP/2 over TLS · `h2c://` HTTP/2 ·
 * `unix:/path` Unix socket. The port of `xcp` and `xcps` defaults to 9944.
 *
 * @throws XcpError `xcp.crypt_required`, `xcp.auth_required`, `xcp.auth_failed`, `xcp.version_unsupported`
 * @throws WireError `wire.invalid_uri`, `wire.connection_failed`, `wire.timeout`, `wire.cancelled`
 * @see spec/xcp.md §20
 */
export async function dialXcp(
  url: string,
  options: DialOptions = {},
): Promise<ByteStream | MessagePipe> {
  const path = parseUnixUrl(url);
  if (path !== undefined) return connectUnix({ ...options, path });
  const { scheme, endpoint } = parseTransportUrl(url, NETWORK_SCHEMES);
  const { host, port } = endpoint;
  switch (scheme) {
    case "xcp":
      return connectTcp({ ...options, host, port });
    case "xcps":
      return connectTls({ ...options, host, port });
    case "ws":
    case "wss":
      return connectWebSocket(url, options);
    case "h2":
    case "h2c":
      return options.http2Channels === "stream each"
        ? connectHttp2Channels(url, options)
        : connectHttp2(url, options);
  }
}
