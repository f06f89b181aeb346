import { announceDelivery } from "../session/transport.js";
import { ABORTED, closeReason } from "./close-reason.js";
import { Inbox } from "./inbox.js";
import { SocketCork } from "./socket-cork.js";
import { CONNECTING, type WebSocketLike } from "./web-socket-like.js";

/** Carries messages over a WebSocket: one text frame each, in order. spec/capnweb.md §2.2 */
export class WebSocketTransport<T extends string | ArrayBuffer = string> {
  readonly #socket: WebSocketLike;
  readonly #inbox = new Inbox<T>();
  readonly #cork: SocketCork;
  #unsent: T[] | undefined;

  /** Listens to `socket`, which may still be connecting: messages wait until it is open. */
  constructor(socket: WebSocketLike) {
    this.#socket = socket;
    announceDelivery(this, (sink) => this.#inbox.deliverTo(sink));
    this.#cork = new SocketCork(socket);
    socket.binaryType = "arraybuffer";
    if (socket.readyState === CONNECTING) {
      this.#unsent = [];
      socket.addEventListener("open", () => this.#opened());
    }
    socket.addEventListener("message", ({ data }) => this.#received(data));
    socket.addEventListener("close", ({ code, reason }) => {
      this.#inbox.fail(new Error(`Peer closed WebSocket: ${code} ${reason}`));
    });
    socket.addEventListener("error", () => {
      this.#inbox.fail(new Error("WebSocket connection failed."));
    });
  }

  /** Sends one message as one frame. */
  send(message: T): void {
    if (this.#unsent !== undefined) {
      this.#unsent.push(message);
      return;
    }
    this.#cork.hold();
    this.#socket.send(message);
  }

  /** Answers the next message. */
  receive(): Promise<T> {
    return this.#inbox.receive();
  }

  /** Closes the socket with the reason, as far as a close frame holds it. */
  abort(reason: unknown): void {
    this.#inbox.fail(reason);
    try {
      this.#socket.close(ABORTED, closeReason(reason));
    } catch {
      // A socket that cannot be closed is closed.
    }
  }

  #opened(): void {
    const unsent = this.#unsent ?? [];
    this.#unsent = undefined;
    for (const message of unsent) this.send(message);
  }

  #received(data: unknown): void {
    if (typeof data === "string" || data instanceof ArrayBuffer) this.#inbox.put(data as T);
    else this.#inbox.fail(new TypeError(`Unexpected WebSocket message of type ${typeof data}.`));
  }
}
