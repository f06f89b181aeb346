import { announceDelivery, announcePieces } from "../session/transport.js";
import { PiecedText } from "../wire/pieced-text.js";
import { ABORTED, closeReason } from "./close-reason.js";
import { Inbox } from "./inbox.js";
import { SocketCork } from "./socket-cork.js";
import { CONNECTING, type WebSocketLike } from "./web-socket-like.js";
import { type WsText, wsText } from "./ws-text.js";

/** Carries messages over a WebSocket: one text frame each, in order. spec/capnweb.md §2.2 */
export class WebSocketTransport<T extends string | ArrayBuffer = string> {
  readonly #socket: WebSocketLike;
  readonly #inbox = new Inbox<T>();
  readonly #cork: SocketCork;
  readonly #ws: WsText | undefined;
  #unsent: (T | PiecedText)[] | undefined;

  /** Listens to `socket`, which may still be connecting: messages wait until it is open. */
  constructor(socket: WebSocketLike) {
    this.#socket = socket;
    announceDelivery(this, (sink) => this.#inbox.deliverTo(sink));
    announcePieces(this);
    this.#cork = new SocketCork(socket);
    this.#ws = wsText(socket);
    socket.binaryType = "arraybuffer";
    if (socket.readyState === CONNECTING) {
      this.#unsent = [];
      socket.addEventListener("open", () => this.#opened());
    }
    if (this.#ws === undefined) {
      socket.addEventListener("message", ({ data }) => this.#received(data));
    } else {
      this.#ws.listen((message) => this.#received(message));
    }
    socket.addEventListener("close", ({ code, reason }) => {
      this.#inbox.fail(new Error(`Peer closed WebSocket: ${code} ${reason}`));
    });
    socket.addEventListener("error", () => {
      this.#inbox.fail(new Error("WebSocket connection failed."));
    });
  }

  /** Sends one message as one frame. */
  send(message: T): void {
    this.#send(message);
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

  #send(message: T | PiecedText): void {
    if (this.#unsent !== undefined) {
      this.#unsent.push(message);
      return;
    }
    this.#cork.hold();
    if (!(message instanceof PiecedText)) this.#socket.send(message);
    else if (this.#ws === undefined) this.#socket.send(message.toString());
    else this.#ws.send(message);
  }

  #opened(): void {
    const unsent = this.#unsent ?? [];
    this.#unsent = undefined;
    for (const message of unsent) this.#send(message);
  }

  #received(data: unknown): void {
    if (typeof data === "string" || data instanceof ArrayBuffer) this.#inbox.put(data as T);
    else this.#inbox.fail(new TypeError(`Unexpected WebSocket message of type ${typeof data}.`));
  }
}
