export { nodePlatform } from "./node-platform.js";

export { connectXcp, type ConnectXcpOptions } from "./connect-xcp.js";
export { type RunningServer, serveXcp, type ServeXcpOptions } from "./serve-xcp.js";
export { dialXcp, type DialOptions } from "./dial-xcp.js";

export { connectTcp, type ConnectTcpOptions, listenTcp, type ListenTcpOptions } from "./tcp.js";
export {
  connectUnix,
  type ConnectUnixOptions,
  listenUnix,
  type ListenUnixOptions,
} from "./unix.js";
export { connectTls, type ConnectTlsOptions, listenTls, type ListenTlsOptions } from "./tls.js";
export { connectWebSocket, type ConnectWebSocketOptions } from "./websocket-client.js";
export {
  type AttachedWebSocket,
  attachWebSocket,
  listenWebSocket,
  type ListenWebSocketOptions,
  type WebSocketRules,
} from "./websocket-server.js";
export { connectHttp2, connectHttp2Channels, type ConnectHttp2Options } from "./http2-client.js";
export { listenHttp2, type ListenHttp2Options } from "./http2-server.js";
export { socketStream, type SocketStreamOptions } from "./socket-stream.js";

export {
  NETWORK_SCHEMES,
  type NetworkScheme,
  type ParsedUrl,
  parseTransportUrl,
  parseUnixUrl,
} from "./transport-url.js";
export { isLoopback } from "../loopback.js";

export type { ConnectOptions } from "./connect-options.js";
export type { Endpoint, InetEndpoint } from "./endpoint.js";
export type { ListenAddress, ListenOptions, SocketListener } from "./listen-socket.js";
export type { ClientTls, Pem, ServerTls, TlsInfo } from "./tls-options.js";
