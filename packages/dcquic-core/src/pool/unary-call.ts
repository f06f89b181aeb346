import type { Id64 } from "../wire/id64.js";
import { CallCore } from "./call-core.js";
import type { CallParts } from "./call-use.js";
import type { Message } from "./message.js";

/** One message there, one message back. */
export class UnaryCall {
  readonly #core: CallCore;

  /** Begins the call. */
  constructor(parts: CallParts) {
    this.#core = new CallCore(parts);
  }

  /** The answer. Rejects with a `DcquicError` whose code says why there is none. */
  get response(): Promise<Message> {
    return this.#core.promise;
  }

  /** The answer's headers, which may come before it; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    return this.#core.answerHeaders;
  }

  /** The token by which later calls depend on this one; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#core.token;
  }

  /** Ends the call for both sides, with `dcquic.cancelled` or a status of the application from 256 on. */
  cancel(status?: number, reason?: string): void {
    this.#core.cancel(status, reason);
  }
}
