import type { Id64 } from "../wire/id64.js";
import { CallCore } from "./call-core.js";
import type { CallParts } from "./call-use.js";
import type { Message } from "./message.js";
import { MessageReader } from "./message-reader.js";

/** One message there, any number back: iterate over it. */
export class StreamingResponseCall implements AsyncIterable<Message> {
  readonly #reader = new MessageReader();
  readonly #core: CallCore;

  /** Begins the call. */
  constructor(parts: CallParts) {
    const reader = this.#reader;
    let isAnswered = false;
    this.#core = new CallCore(parts, {
      pattern: "streamingResponse",
      began: (stream) => reader.attach(stream),
      readable: () => {
        isAnswered = true;
        reader.wake();
      },
      writable: () => {},
      stopped: () => {},
      over: (error) => (error === undefined ? reader.wake() : reader.fail(error)),
      get isAnswered(): boolean {
        return isAnswered;
      },
    });
  }

  /** The answer's headers, which may come before its messages; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    return this.#core.answerHeaders;
  }

  /** The token by which later calls depend on this one; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#core.token;
  }

  /** Ends the call for both sides. */
  cancel(status?: number, reason?: string): void {
    this.#core.cancel(status, reason);
  }

  /** Reads the answer. Each message is released when the next is asked for; leaving the loop stops the answerer. */
  [Symbol.asyncIterator](): MessageReader {
    return this.#reader;
  }
}
