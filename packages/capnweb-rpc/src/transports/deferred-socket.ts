/* oxlint-disable no-underscore-dangle -- the names that `ws` has for them */
import { CONNECTING, type WebSocketConstructor, type WebSocketLike } from "./web-socket-like.js";
import type { WsSocket } from "./ws-text.js";

type Listener = (event: never) => void;
type MessageListener = Parameters<WsSocket["on"]>[1];
type LoadedSocket = WebSocketLike & WsSocket;

/** A socket of `ws`, which is still being loaded. Nobody sends before it is open. */
export class DeferredSocket implements WebSocketLike, WsSocket {
  binaryType = "arraybuffer";
  readonly #listeners: (readonly [type: string, listener: Listener])[] = [];
  readonly #messageListeners: MessageListener[] = [];
  #socket: LoadedSocket | undefined;
  #closed = false;

  /** Connects to `url`, offering `protocols`, as soon as there is an implementation. */
  constructor(
    url: string,
    protocols: readonly string[],
    implementation: Promise<WebSocketConstructor>,
  ) {
    implementation
      .then((Implementation) => this.#connect(new Implementation(url, [...protocols])))
      .catch(() => this.#emit("error"));
  }

  get readyState(): number {
    return this.#socket?.readyState ?? CONNECTING;
  }

  get protocol(): string {
    return this.#socket?.protocol ?? "";
  }

  get extensions(): string | undefined {
    return this.#socket?.extensions;
  }

  get _isServer(): boolean | undefined {
    return this.#socket?._isServer;
  }

  get _socket(): WsSocket["_socket"] {
    return this.#socket?._socket;
  }

  addEventListener(type: string, listener: Listener): void {
    if (this.#socket === undefined) this.#listeners.push([type, listener]);
    else this.#socket.addEventListener(type as "open", listener as () => void);
  }

  on(_event: "message", listener: MessageListener): void {
    if (this.#socket === undefined) this.#messageListeners.push(listener);
    else this.#socket.on("message", listener);
  }

  send(message: string | ArrayBuffer | Uint8Array, options?: { readonly binary: false }): void {
    if (options === undefined) this.#socket?.send(message as string);
    else this.#socket?.send(message as Uint8Array, options);
  }

  close(code?: number, reason?: string): void {
    this.#closed = true;
    this.#socket?.close(code, reason);
  }

  #connect(made: WebSocketLike): void {
    const socket = made as LoadedSocket;
    this.#socket = socket;
    socket.binaryType = this.binaryType;
    for (const [type, listener] of this.#listeners) {
      socket.addEventListener(type as "open", listener as () => void);
    }
    for (const listener of this.#messageListeners) socket.on("message", listener);
    if (this.#closed) socket.close();
  }

  #emit(type: string): void {
    for (const [wanted, listener] of this.#listeners) {
      if (wanted === type) (listener as () => void)();
    }
  }
}
