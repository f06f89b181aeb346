import type { ByteStream, MessagePipe } from "@proj/wire-types";
import type { Platform } from "../platform.js";
import { type ServerOptions, XcpServer } from "../server.js";
import { formatEndpoint } from "./endpoint.js";
import { listenHttp2 } from "./http2-server.js";
import type { ListenOptions, SocketListener } from "./listen-socket.js";
import { nodePlatform } from "./node-platform.js";
import { listenTcp } from "./tcp.js";
import { listenTls } from "./tls.js";
import type { ServerTls } from "./tls-options.js";
import {
  NETWORK_SCHEMES,
  type ParsedUrl,
  parseTransportUrl,
  parseUnixUrl,
} from "./transport-url.js";
import { listenUnix } from "./unix.js";
import { listenWebSocket } from "./websocket-server.js";

/** Options of {@link serveXcp}: those of the server and of its listeners. */
export interface ServeXcpOptions
  extends
    Omit<ServerOptions, "platform">,
    Pick<ListenOptions, "handshakeTimeoutMs" | "highWaterBytes"> {
  /** Where to listen: URLs as for `connectXcp`. Port 0 lets the system choose. */
  readonly listen: readonly string[];
  /** Needed for `xcps`, `wss` and `h2`. */
  readonly tls?: ServerTls;
  /** Origins whose pages may open WebSockets; `"*"` admits all. Default: none. */
  readonly origins?: readonly string[];
  /** Default `nodePlatform`. */
  readonly platform?: Platform;
}

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, in the order of `listen`, with the ports that the system chose. */
  readonly urls: readonly string[];
  /** The connections, and `serve` for transports from elsewhere, such as {@link attachWebSocket}. */
  readonly server: XcpServer;
  /** Stops listening, lets what is under way finish, at most 5 s, and closes every connection. */
  close(): Promise<void>;
}

/**
 * Serves XCP at every URL of `listen`, all or none.
 *
 * `onRefused` also learns what went wrong before a transport stood, such as a refused certificate.
 *
 * @throws XcpError `xcp.crypt_required` for an endpoint without TLS beyond loopback, without `allowInsecure`
 * @throws WireError `wire.invalid_uri`, `wire.connection_failed`
 * @throws TypeError for a scheme with TLS without `tls`
 * @see spec/xcp.md §20
 */
export async function serveXcp(options: ServeXcpOptions): Promise<RunningServer> {
  const server = new XcpServer({ platform: nodePlatform, ...options });
  const accept = (transport: ByteStream | MessagePipe): void => server.serve(transport);
  const listeners: SocketListener[] = [];
  const urls: string[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  try {
    for (const url of options.listen) {
      const listener = await listenAt(url, options, accept);
      listeners.push(listener);
      urls.push(boundUrl(url, listener));
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    urls,
    server,
    close: async () => {
      await release();
      await server.close();
    },
  };
}

type Accept = (transport: ByteStream | MessagePipe) => void;

function listenAt(url: string, options: ServeXcpOptions, accept: Accept): Promise<SocketListener> {
  const shared: ListenOptions = {
    ...(options.handshakeTimeoutMs === undefined
      ? {}
      : { handshakeTimeoutMs: options.handshakeTimeoutMs }),
    ...(options.highWaterBytes === undefined ? {} : { highWaterBytes: options.highWaterBytes }),
    ...(options.onRefused === undefined ? {} : { onError: options.onRefused }),
  };
  const path = parseUnixUrl(url);
  if (path !== undefined) return listenUnix({ ...shared, path }, accept);
  return listenNetwork(parseTransportUrl(url, NETWORK_SCHEMES), options, shared, accept);
}

function listenNetwork(
  { scheme, endpoint, path, where }: ParsedUrl,
  options: ServeXcpOptions,
  shared: ListenOptions,
  accept: Accept,
): Promise<SocketListener> {
  const secure = (): { readonly tls: ServerTls } => {
    if (options.tls === undefined) throw new TypeError(`${where} needs a certificate: set tls`);
    return { tls: options.tls };
  };
  const plain = options.allowInsecure === undefined ? {} : { allowInsecure: options.allowInsecure };
  const limits = options.limits === undefined ? {} : { limits: options.limits };
  const common = { ...shared, host: endpoint.host, port: endpoint.port };
  const ws = {
    ...common,
    ...limits,
    path,
    ...(options.origins === undefined ? {} : { origins: options.origins }),
  };
  const h2 = { ...common, ...limits, ...(path === "/" ? {} : { path }) };
  switch (scheme) {
    case "xcp":
      return listenTcp({ ...common, ...plain }, accept);
    case "xcps":
      return listenTls({ ...common, ...secure() }, accept);
    case "ws":
      return listenWebSocket({ ...ws, ...plain }, accept);
    case "wss":
      return listenWebSocket({ ...ws, ...secure() }, accept);
    case "h2c":
      return listenHttp2({ ...h2, ...plain }, accept);
    case "h2":
      return listenHttp2({ ...h2, ...secure() }, accept);
  }
}

function boundUrl(url: string, { address }: SocketListener): string {
  if (address.kind === "path") return `unix:${address.path}`;
  const { scheme, path } = parseTransportUrl(url, NETWORK_SCHEMES);
  return `${scheme}://${formatEndpoint(address)}${path === "/" ? "" : path}`;
}
