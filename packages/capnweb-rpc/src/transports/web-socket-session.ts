import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import type { RpcStub } from "../types.js";
import { DeferredSocket } from "./deferred-socket.js";
import type { WebSocketConstructor, WebSocketLike } from "./web-socket-like.js";
import { WebSocketTransport, type WebSocketTransportOptions } from "./web-socket-transport.js";

/** What may be chosen for a session over a WebSocket. */
export interface WebSocketSessionOptions extends RpcSessionOptions, WebSocketTransportOptions {
  /** Makes the socket of a URL; the host's own `WebSocket`, or that of `ws`, where absent. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/** Starts a session over a WebSocket, or over a new one to a URL, and answers the peer's main stub. */
export function newWebSocketRpcSession<T = unknown>(
  webSocket: WebSocketLike | string,
  localMain?: unknown,
  options: WebSocketSessionOptions = {},
): RpcStub<T> {
  const socket = typeof webSocket === "string" ? openWebSocket(webSocket, options) : webSocket;
  const transport = new WebSocketTransport(socket, options);
  return new RpcSession<T>(transport, localMain, options).getRemoteMain();
}

/** Opens a socket to `url`; it is still connecting when it is handed out. */
export function openWebSocket(
  url: string,
  options: Pick<WebSocketSessionOptions, "WebSocket">,
  protocols: readonly string[] = [],
): WebSocketLike {
  const host = (globalThis as { readonly WebSocket?: unknown }).WebSocket;
  const Implementation = options.WebSocket ?? (host as WebSocketConstructor | undefined);
  if (Implementation === undefined) return new DeferredSocket(url, protocols, loadWs());
  return protocols.length === 0 ? new Implementation(url) : new Implementation(url, [...protocols]);
}

/** Node 20 has no WebSocket of its own. A name in a variable keeps bundlers for browsers out of it. */
async function loadWs(): Promise<WebSocketConstructor> {
  const name = "ws";
  const { WebSocket } = (await import(name)) as { readonly WebSocket: WebSocketConstructor };
  return WebSocket;
}
