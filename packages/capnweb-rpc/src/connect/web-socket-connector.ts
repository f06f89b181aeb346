import { CapnwebError } from "../errors.js";
import { RpcSession } from "../session/rpc-session.js";
import { openWebSocket, type WebSocketSessionOptions } from "../transports/web-socket-session.js";
import type { WebSocketLike } from "../transports/web-socket-like.js";
import { WebSocketTransport } from "../transports/web-socket-transport.js";
import type { Connector, Link } from "./link.js";
import { reportLoss } from "./report-loss.js";

/**
 * Makes a connector that opens a WebSocket to `url`, and is done when the socket is open.
 *
 * @param localMain What the peer's main stub stands for, in every session.
 */
export function webSocketConnector<T>(
  url: string,
  localMain?: unknown,
  options: WebSocketSessionOptions = {},
): Connector<T> {
  return async ({ signal, hooks }) => {
    const socket = openWebSocket(url, options);
    await opened(socket, signal);
    const session = new RpcSession<T>(reportLoss(new WebSocketTransport(socket)), localMain, {
      ...options,
      hooks: { ...options.hooks, ...hooks },
    });
    return webSocketLink(session, socket);
  };
}

/** Joins a session with the socket it runs over. */
export function webSocketLink<T>(session: RpcSession<T>, socket: WebSocketLike): Link<T> {
  const close = (code: number, reason: string): void => socket.close(code, reason);
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
