import type { Stream } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import { CallCore } from "./call-core.js";
import type { CallParts } from "./call-use.js";
import type { Payload, WriteOptions } from "./call-options.js";
import { Eventual } from "./eventual.js";
import type { Message } from "./message.js";
import { MessageReader } from "./message-reader.js";
import { MessageWriter } from "./message-writer.js";

/** Any number of messages both ways: write, and iterate over it. */
export class BidirectionalCall implements AsyncIterable<Message> {
  readonly #reader = new MessageReader();
  readonly #writer = new MessageWriter();
  readonly #closed = new Eventual<void>();
  readonly #core: CallCore;

  /** Begins the call. */
  constructor(parts: CallParts) {
    const [reader, writer, closed] = [this.#reader, this.#writer, this.#closed];
    this.#core = new CallCore(parts, {
      pattern: "bidirectional",
      began: (stream: Stream, sender) => {
        reader.attach(stream);
        writer.attach(stream, sender);
      },
      readable: () => reader.wake(),
      writable: () => writer.wake(),
      stopped: () => writer.stopped(),
      over: (error) => {
        if (error === undefined) {
          reader.wake();
          closed.resolve();
          return;
        }
        writer.fail(error);
        reader.fail(error);
        closed.reject(error);
      },
      // What was written once is not kept to be written again.
      isAnswered: true,
    });
  }

  /** The answer's headers; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    return this.#core.answerHeaders;
  }

  /** The token by which later calls depend on this one; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#core.token;
  }

  /** Resolves when both directions ended in order, and rejects with what ended the stream otherwise. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends a message; resolves when it is on its way. Waits while the peer takes no more. */
  write(payload: Payload, options?: WriteOptions): Promise<void> {
    return this.#writer.write(payload, options);
  }

  /** Ends the own direction after what was written; reading goes on. */
  end(): void {
    this.#writer.end();
  }

  /** Ends the stream for both sides, with `dcquic.cancelled` or a status of the application from 256 on. */
  close(status?: number, reason?: string): void {
    this.#core.cancel(status, reason);
  }

  /** Reads the peer's messages. Each is released when the next is asked for; leaving the loop stops the peer. */
  [Symbol.asyncIterator](): MessageReader {
    return this.#reader;
  }
}
