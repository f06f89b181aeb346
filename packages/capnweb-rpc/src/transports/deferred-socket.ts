import { CONNECTING, type WebSocketConstructor, type WebSocketLike } from "./web-socket-like.js";

type Listener = (event: never) => void;

/** A socket whose implementation is still being loaded. Nobody sends before it is open. */
export class DeferredSocket implements WebSocketLike {
  binaryType = "arraybuffer";
  readonly #listeners: (readonly [type: string, listener: Listener])[] = [];
  #socket: WebSocketLike | undefined;
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

  addEventListener(type: string, listener: Listener): void {
    if (this.#socket === undefined) this.#listeners.push([type, listener]);
    else this.#socket.addEventListener(type as "open", listener as () => void);
  }

  send(message: string | ArrayBuffer): void {
    this.#socket?.send(message);
  }

  close(code?: number, reason?: string): void {
    this.#closed = true;
    this.#socket?.close(code, reason);
  }

  #connect(socket: WebSocketLike): void {
    this.#socket = socket;
    socket.binaryType = this.binaryType;
    for (const [type, listener] of this.#listeners) {
      socket.addEventListener(type as "open", listener as () => void);
    }
    if (this.#closed) socket.close();
  }

  #emit(type: string): void {
    for (const [wanted, listener] of this.#listeners) {
      if (wanted === type) (listener as () => void)();
    }
  }
}
