import { CapnwebError } from "../errors.js";
import { OFFERED_PROTOCOLS } from "../extensions/protocol-names.js";
import { type StartSessionOptions, startWebSocketSession } from "../extensions/start-session.js";
import type { RpcSession } from "../session/rpc-session.js";
import type { WebSocketConstructor, WebSocketLike } from "../transports/web-socket-like.js";
import { openWebSocket } from "../transports/web-socket-session.js";
import type { Connector, Link } from "./link.js";
import { reportLoss } from "./report-loss.js";

/** What may be chosen for a connection over WebSockets. */
export interface WebSocketConnectorOptions extends StartSessionOptions {
  /** Makes the sockets; the host's own `WebSocket`, or that of `ws`, where absent. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

/**
 * Makes a connector that opens a WebSocket to `url`, and is done when the socket is open. With
 * `extensions` it offers them; a server that refuses the connection for that is asked again without.
 *
 * @param localMain What the peer's main stub stands for, in every session.
 */
export function webSocketConnector<T>(
  url: string,
  localMain?: unknown,
  options: WebSocketConnectorOptions = {},
): Connector<T> {
  let offers = options.extensions === true;
  return async ({ signal, hooks }) => {
    let socket: WebSocketLike;
    try {
      socket = await open(url, options, offers ? OFFERED_PROTOCOLS : [], signal);
    } catch (error) {
      if (!offers || signal.aborted) throw error;
      socket = await open(url, options, [], signal);
      offers = false;
    }
    const attached = { ...options, hooks: { ...options.hooks, ...hooks } };
    return webSocketLink(startWebSocketSession<T>(socket, localMain, attached, reportLoss), socket);
  };
}

async function open(
  url: string,
  options: WebSocketConnectorOptions,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<WebSocketLike> {
  const socket = openWebSocket(url, options, protocols);
  await opened(socket, signal);
  return socket;
}

/** Joins a session with the socket it runs over. */
export function webSocketLink<T>(session: RpcSession<T>, socket: WebSocketLike): Link<T> {
  const close = (code: number, reason: string): void => {
    try {
      socket.close(code, reason);
    } catch {
      // Browsers' sockets take 1000 and what applications may choose, and no other code.
      socket.close();
    }
  };
  return offersPing(socket) ? { session, close, ping: () => ping(socket) } : { session, close };
}

function opened(socket: WebSocketLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (): void =>
      reject(new CapnwebError("capnweb.not_connected", "WebSocket connection failed."));
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", failed);
    socket.addEventListener("close", failed);
    const giveUp = (): void => {
      failed();
      socket.close();
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}

/** A socket of `ws`: browsers keep ping frames to themselves. */
interface PingingSocket {
  ping(): void;
  once(event: "pong", listener: () => void): void;
}

function offersPing(socket: object): socket is PingingSocket {
  const { ping: send, once } = socket as Partial<PingingSocket>;
  return typeof send === "function" && typeof once === "function";
}

function ping(socket: PingingSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("pong", resolve);
    socket.ping();
  });
}
