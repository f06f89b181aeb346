import { announceDelivery } from "../session/transport.js";
import { ABORTED, closeReason } from "../transports/close-reason.js";
import { Inbox } from "../transports/inbox.js";

/** What is asked of Bun's `ServerWebSocket`. */
export interface BunServerWebSocket<T = unknown> {
  data: T;
  send(message: string): unknown;
  close(code?: number, reason?: string): unknown;
}

const decoder = new TextDecoder();

/**
 * Carries messages over a server's WebSocket on Bun, which calls its handlers: they hand over what
 * they hear to the `dispatch` methods. spec/capnweb.md §2.5
 */
export class BunWebSocketTransport<T = unknown> {
  readonly #socket: BunServerWebSocket<T>;
  readonly #inbox = new Inbox<string>();

  /** `socket` is open. */
  constructor(socket: BunServerWebSocket<T>) {
    this.#socket = socket;
    announceDelivery(this, (sink) => this.#inbox.deliverTo(sink));
  }

  /** Sends one message as one frame. */
  send(message: string): void {
    this.#socket.send(message);
  }

  /** Answers the next message. */
  receive(): Promise<string> {
    return this.#inbox.receive();
  }

  /** Closes the socket with the reason, as far as a close frame holds it. */
  abort(reason: unknown): void {
    this.#inbox.fail(reason);
    this.#socket.close(ABORTED, closeReason(reason));
  }

  /** Takes a message: text, or its UTF-8 bytes. */
  dispatchMessage(data: string | Uint8Array): void {
    this.#inbox.put(typeof data === "string" ? data : decoder.decode(data));
  }

  /** Takes the peer's close. */
  dispatchClose(code: number, reason: string): void {
    this.#inbox.fail(new Error(`Peer closed WebSocket: ${code} ${reason}`));
  }

  /** Takes a failure of the socket; what it says stays here. */
  dispatchError(_error: unknown): void {
    this.#inbox.fail(new Error("WebSocket connection failed."));
  }
}
