import type { Id64 } from "../wire/id64.js";
import { CallCore } from "./call-core.js";
import type { CallParts } from "./call-use.js";
import type { Payload, WriteOptions } from "./call-options.js";
import type { Message } from "./message.js";
import { MessageWriter } from "./message-writer.js";
import { SingleAnswer } from "./single-answer.js";

/** Any number of messages there, one back. */
export class StreamingRequestCall {
  readonly #response: SingleAnswer;
  readonly #writer = new MessageWriter();
  readonly #core: CallCore;

  /** Begins the call. */
  constructor(parts: CallParts) {
    const writer = this.#writer;
    this.#response = new SingleAnswer("streamingRequest", {
      began: (stream, sender) => writer.attach(stream, sender),
      writable: () => writer.wake(),
      stopped: () => writer.stopped(),
      over: (error) => {
        if (error !== undefined) writer.fail(error);
      },
      // What was written once is not kept to be written again.
      isAnswered: true,
    });
    this.#core = new CallCore(parts, this.#response);
  }

  /** The answer. Rejects with a `DcquicError` whose code says why there is none. */
  get response(): Promise<Message> {
    return this.#response.promise;
  }

  /** The answer's headers; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    return this.#core.answerHeaders;
  }

  /** The token by which later calls depend on this one; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#core.token;
  }

  /** Sends a message; resolves when it is on its way. Waits while the peer takes no more. */
  write(payload: Payload, options?: WriteOptions): Promise<void> {
    return this.#writer.write(payload, options);
  }

  /** Ends the request after what was written. */
  end(): void {
    this.#writer.end();
  }

  /** Ends the call for both sides. */
  cancel(status?: number, reason?: string): void {
    this.#core.cancel(status, reason);
  }
}
