import type { MessageSink } from "../session/transport.js";

/**
 * Messages that have arrived: handed to a sink at once where there is one, kept for `receive`
 * otherwise. An error comes after the messages before it.
 */
export class Inbox<T> {
  readonly #messages: T[] = [];
  #sink: MessageSink | undefined;
  #waiting:
    | { readonly resolve: (message: T) => void; readonly reject: (reason: unknown) => void }
    | undefined;
  #failure: { readonly reason: unknown } | undefined;

  /** Takes a message from the connection. */
  put(message: T): void {
    if (this.#failure !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#sink !== undefined) this.#sink.received(message);
    else if (waiting !== undefined) waiting.resolve(message);
    else this.#messages.push(message);
  }

  /** Takes the end of the connection; only the first counts. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#sink?.failed(reason);
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  /** Answers the next message, when there is one. */
  receive(): Promise<T> {
    const [message] = this.#messages;
    if (message !== undefined) {
      this.#messages.shift();
      return Promise.resolve(message);
    }
    // Whatever the connection ended with.
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Delivers to `sink` from now on, what is already here first. */
  deliverTo(sink: MessageSink): void {
    this.#sink = sink;
    for (const message of this.#messages.splice(0)) sink.received(message);
    if (this.#failure !== undefined) sink.failed(this.#failure.reason);
  }
}
