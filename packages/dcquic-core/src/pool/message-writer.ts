import { DcquicError } from "../errors.js";
import type { Stream } from "../stream/stream.js";
import type { Payload, WriteOptions } from "./call-options.js";
import { Eventual } from "./eventual.js";
import type { PayloadSender, ReadyPayload } from "./payload-sender.js";

interface Write {
  readonly payload: Payload;
  isLast: boolean;
  isSent: boolean;
  /** Settles whoever waits; nobody does before it had to wait itself. */
  done: Eventual<void> | undefined;
}

// Never written to: the first message takes its place.
const NONE: Write[] = [];
const SENT: Promise<void> = Promise.resolve();

/**
 * Writes the messages of one direction, in order: each as soon as the stream, the peer's credit and the buffers have room.
 */
export class MessageWriter {
  #queue: Write[] = NONE;
  #stream: Stream | undefined;
  #sender: PayloadSender | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isPreparing = false;
  #isEnded = false;

  /** Begins to send; before, writes wait. */
  attach(stream: Stream, sender: PayloadSender): void {
    this.#stream = stream;
    this.#sender = sender;
    this.wake();
  }

  /**
   * Sends a message. The promise resolves when it is on its way, which is how a slow reader slows its writer down; its bytes
   * must not change before they arrived.
   *
   * It rejects with the `DcquicError` that ended the stream, or a `TypeError` after the last message.
   */
  write(payload: Payload, options: WriteOptions = {}): Promise<void> {
    const refused = this.#refusal();
    if (refused !== undefined) return refused;
    if (this.#isEnded || this.#stream?.outbound.isEnded === true) {
      return Promise.reject(new TypeError("the direction is ended"));
    }
    const isLast = options.last === true;
    this.#isEnded = isLast;
    const write: Write = { payload, isLast, isSent: false, done: undefined };
    // Most messages are the only ones of their direction, and find room.
    if (this.#queue.length === 0) this.#queue = [write];
    else this.#queue.push(write);
    this.wake();
    if (write.isSent) return SENT;
    const failed = this.#refusal();
    if (failed !== undefined) return failed;
    write.done = new Eventual();
    return write.done.promise;
  }

  /** Ends the direction after what was written. */
  end(): void {
    if (this.#isEnded || this.#failure !== undefined) return;
    this.#isEnded = true;
    const last = this.#queue.at(-1);
    if (last !== undefined && !(this.#isPreparing && this.#queue.length === 1)) last.isLast = true;
    this.wake();
  }

  /** Goes on, because there may be room. */
  wake(): void {
    const [stream, sender] = [this.#stream, this.#sender];
    if (stream === undefined || sender === undefined) return;
    while (!this.#isPreparing && this.#failure === undefined) {
      const next = this.#queue[0];
      if (next === undefined) {
        if (this.#isEnded) stream.end();
        return;
      }
      if (stream.isFull) return;
      this.#send(stream, sender, next);
    }
  }

  /** Fails what waits and everything to come. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    const lost = this.#queue;
    this.#queue = NONE;
    for (const { done } of lost) done?.reject(error);
  }

  /** The peer wants no more. */
  stopped(): void {
    this.fail(new DcquicError("dcquic.cancelled", "the peer wants no more messages"));
  }

  #refusal(): Promise<void> | undefined {
    return this.#failure === undefined ? undefined : Promise.reject(this.#failure.error);
  }

  #send(stream: Stream, sender: PayloadSender, write: Write): void {
    try {
      const ready = sender.prepare(write.payload);
      if (!(ready instanceof Promise)) return this.#finish(stream, write, ready);
      this.#isPreparing = true;
      ready.then(
        (prepared) => {
          this.#isPreparing = false;
          this.#finish(stream, write, prepared);
          this.wake();
        },
        (error: unknown) => this.#refuse(write, error),
      );
    } catch (error) {
      this.#refuse(write, error);
    }
  }

  #finish(stream: Stream, write: Write, { payload, taken }: ReadyPayload): void {
    if (this.#queue.length === 1) this.#queue = NONE;
    else this.#queue.shift();
    if (stream.outcome !== undefined || stream.outbound.isStopped) taken?.();
    else stream.send({ payload, taken, isLast: write.isLast, isHeaders: false });
    write.isSent = true;
    write.done?.resolve();
  }

  // One message that cannot be sent leaves a gap that nobody could explain: the direction ends with it.
  #refuse(write: Write, error: unknown): void {
    this.#isPreparing = false;
    write.done?.reject(error);
    this.fail(error);
    this.#stream?.abort();
  }
}
