// What Bun gets for `@proj/capnweb-rpc`: everything, and the server's side of its WebSockets.
export * from "../index.js";
export { type BunServerWebSocket, BunWebSocketTransport } from "./bun-web-socket-transport.js";
export {
  type BunSessionData,
  type BunWebSocketHandler,
  type BunWebSocketSession,
  newBunWebSocketRpcHandler,
  newBunWebSocketRpcSession,
} from "./bun-web-socket-session.js";
