/* oxlint-disable no-underscore-dangle -- the names that the reference keeps its own under */
import { RpcSession, type RpcSessionOptions } from "../session/rpc-session.js";
import type { RpcStub } from "../types.js";
import { type BunServerWebSocket, BunWebSocketTransport } from "./bun-web-socket-transport.js";

/** A session on Bun, and the transport that its handlers feed. */
export interface BunWebSocketSession<T, D> {
  /** The peer's main stub. */
  readonly stub: RpcStub<T>;
  readonly transport: BunWebSocketTransport<D>;
}

/** Starts a session over a socket that Bun's server has opened. spec/capnweb.md §15 */
export function newBunWebSocketRpcSession<T = unknown, D = unknown>(
  socket: BunServerWebSocket<D>,
  localMain?: unknown,
  options?: RpcSessionOptions,
): BunWebSocketSession<T, D> {
  const transport = new BunWebSocketTransport<D>(socket);
  return { stub: new RpcSession<T>(transport, localMain, options).getRemoteMain(), transport };
}

/** What the handler keeps in `data` of its sockets, as the reference does. */
export interface BunSessionData {
  readonly __capnwebTransport: BunWebSocketTransport<BunSessionData>;
  readonly __capnwebStub: RpcStub<unknown>;
}

/** What `Bun.serve` takes as `websocket`. */
export interface BunWebSocketHandler {
  open(socket: BunServerWebSocket<BunSessionData>): void;
  message(socket: BunServerWebSocket<BunSessionData>, message: string | Uint8Array): void;
  close(socket: BunServerWebSocket<BunSessionData>, code: number, reason: string): void;
  error(socket: BunServerWebSocket<BunSessionData>, error: Error): void;
}

/** Makes the handlers that run a session on every socket; `createMain` makes what each is offered. §15 */
export function newBunWebSocketRpcHandler(
  createMain: () => unknown,
  options?: RpcSessionOptions,
): BunWebSocketHandler {
  return {
    open(socket) {
      const { stub, transport } = newBunWebSocketRpcSession<unknown, BunSessionData>(
        socket,
        createMain(),
        options,
      );
      socket.data = { __capnwebTransport: transport, __capnwebStub: stub };
    },
    message: ({ data }, message) => data.__capnwebTransport.dispatchMessage(message),
    close: ({ data }, code, reason) => data.__capnwebTransport.dispatchClose(code, reason),
    error: ({ data }, error) => data.__capnwebTransport.dispatchError(error),
  };
}
