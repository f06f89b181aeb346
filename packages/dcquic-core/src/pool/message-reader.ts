import type { Stream } from "../stream/stream.js";
import { Eventual } from "./eventual.js";
import { Message } from "./message.js";

/**
 * Reads the peer's messages of one stream. Each is released when the next is asked for; a loop that is left early tells the
 * peer that no more are wanted.
 */
export class MessageReader implements AsyncIterableIterator<Message> {
  #stream: Stream | undefined;
  #previous: Message | undefined;
  #waiting: Eventual<IteratorResult<Message>>[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  /** Begins to read; before, `next` waits. */
  attach(stream: Stream): void {
    this.#stream = stream;
    this.wake();
  }

  /** Serves those who wait, because there may be a message or an end. */
  wake(): void {
    while (this.#waiting.length > 0) {
      const result = this.#take();
      if (result === undefined) return;
      this.#waiting.shift()?.resolve(result);
    }
  }

  /** Fails everybody who reads. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#failure = { error };
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  /** The next message; the one before is released. */
  next(): Promise<IteratorResult<Message>> {
    this.#previous?.release();
    this.#previous = undefined;
    if (this.#waiting.length === 0) {
      const result = this.#take();
      if (result !== undefined) return Promise.resolve(result);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const waiting = new Eventual<IteratorResult<Message>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Ends reading. */
  return(): Promise<IteratorResult<Message>> {
    this.#previous?.release();
    this.#previous = undefined;
    this.#isOver = true;
    this.#stream?.stopReceiving();
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(END);
    return Promise.resolve(END);
  }

  /** This reader. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): IteratorResult<Message> | undefined {
    if (this.#isOver) return END;
    const stream = this.#stream;
    const taken = stream?.take();
    if (stream !== undefined && taken !== undefined) {
      const message = new Message(taken, taken);
      this.#previous = message;
      return { done: false, value: message };
    }
    if (this.#failure !== undefined || stream?.inbound.isOver !== true) return undefined;
    this.#isOver = true;
    return END;
  }
}

const END: IteratorResult<Message> = { done: true, value: undefined };
