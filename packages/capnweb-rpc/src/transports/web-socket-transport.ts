import { CapnwebError } from "../errors.js";
import { announceDelivery, announcePieces } from "../session/transport.js";
import { PiecedText } from "../wire/pieced-text.js";
import { ABORTED, closeReason } from "./close-reason.js";
import { Inbox } from "./inbox.js";
import { SocketCork } from "./socket-cork.js";
import { CONNECTING, type WebSocketLike } from "./web-socket-like.js";
import { type WsText, wsText } from "./ws-text.js";

/** What may be chosen for the way of messages over a WebSocket. */
export interface WebSocketTransportOptions {
  /**
   * Bytes that may wait in the socket. A peer that takes less than it is sent ends its session with
   * {@link CapnwebError} `capnweb.slow_peer` then. Streams wait for their readers anyway; this is for calls that nobody waits
   * for. Default: no limit.
   */
  readonly maxUnsentBytes?: number | undefined;
}

/** Carries messages over a WebSocket: one text frame each, in order. spec/capnweb.md §2.2 */
export class WebSocketTransport<T extends string | ArrayBuffer = string> {
  readonly #socket: WebSocketLike;
  readonly #inbox = new Inbox<T>();
  readonly #cork: SocketCork;
  readonly #ws: WsText | undefined;
  readonly #maxUnsentBytes: number;
  #unsent: (T | PiecedText)[] | undefined;

  /** Listens to `socket`, which may still be connecting: messages wait until it is open. */
  constructor(socket: WebSocketLike, { maxUnsentBytes }: WebSocketTransportOptions = {}) {
    this.#socket = socket;
    this.#maxUnsentBytes = maxUnsentBytes ?? Infinity;
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

  /** Sends one message as one frame. @throws {@link CapnwebError} `capnweb.slow_peer` */
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
    if (this.#maxUnsentBytes < Infinity) this.#refuseFlood();
    this.#cork.hold();
    if (!(message instanceof PiecedText)) this.#socket.send(message);
    else if (this.#ws === undefined) this.#socket.send(message.toString());
    else this.#ws.send(message);
  }

  #refuseFlood(): void {
    const waiting = this.#socket.bufferedAmount ?? 0;
    if (waiting <= this.#maxUnsentBytes) return;
    const message = `${waiting} bytes wait for the peer, limit ${this.#maxUnsentBytes}`;
    throw new CapnwebError("capnweb.slow_peer", message);
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
