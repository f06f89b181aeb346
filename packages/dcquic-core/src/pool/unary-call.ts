import type { Stream } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import { CallCore, type CallParts, type CallUse } from "./call-core.js";
import { Eventual } from "./eventual.js";
import { Message } from "./message.js";
import { noAnswer } from "./no-answer.js";

/** One message there, one message back. */
export class UnaryCall {
  readonly #response = new Eventual<Message>();
  readonly #core: CallCore;

  /** Begins the call. */
  constructor(parts: Omit<CallParts, "use" | "pattern">) {
    this.#core = new CallCore({ ...parts, pattern: "unary", use: singleAnswer(this.#response) });
  }

  /** The answer. Rejects with a `DcquicError` whose code says why there is none. */
  get response(): Promise<Message> {
    return this.#response.promise;
  }

  /** The answer's headers, which may come before it; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    return this.#core.answerHeaders.promise;
  }

  /** The token by which later calls depend on this one; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#core.token.promise;
  }

  /** Ends the call for both sides, with `dcquic.cancelled` or a status of the application from 256 on. */
  cancel(status?: number, reason?: string): void {
    this.#core.cancel(status, reason);
  }
}

/** What a call with one answer makes of its stream. */
export function singleAnswer(response: Eventual<Message>, more: Partial<CallUse> = {}): CallUse {
  const nothing = (): void => {};
  return {
    began: nothing,
    readable: (stream: Stream): void => {
      const message = stream.take();
      if (message === undefined) return;
      response.resolve(new Message(message));
      // There is only this one: its credit goes back on arrival.
      stream.release(message);
    },
    writable: nothing,
    stopped: nothing,
    over: (error) => {
      // An error is dear, and most calls that are over were answered.
      if (!response.isSettled) response.reject(error ?? noAnswer());
    },
    get isAnswered(): boolean {
      return response.isSettled;
    },
    ...more,
  };
}
