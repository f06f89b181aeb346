import type { Id64 } from "../wire/id64.js";
import { decodeBulkStatus } from "./bulk-status.js";
import { CallCore } from "./call-core.js";
import type { CallParts } from "./call-use.js";
import { Eventual } from "./eventual.js";
import type { Message } from "./message.js";
import type { BulkResult } from "./placement.js";
import { SingleAnswer } from "./single-answer.js";

/** How far a bulk transfer is. */
export interface BulkProgress {
  /** Bytes that the peer has, as far as it said: encrypted bytes, where records are encrypted. */
  readonly ackedBytes: number;
  /** All of them. */
  readonly totalBytes: number;
}

/** One message of any size, placed by the peer where it wants it. */
export class BulkCall {
  readonly #done = new Eventual<BulkResult>();
  readonly #core: CallCore;
  #progress: BulkProgress;

  /** Begins the transfer. */
  constructor(parts: CallParts, totalBytes: number) {
    this.#progress = { ackedBytes: 0, totalBytes };
    const answer: SingleAnswer = new SingleAnswer("rawBulk", {
      began: (stream) => {
        stream.onProgress = (ackedBytes, ofBytes) => {
          this.#progress = { ackedBytes, totalBytes: ofBytes };
        };
      },
      over: (error) => {
        if (error === undefined) void this.#conclude(answer);
        else this.#done.reject(error);
      },
    });
    this.#core = new CallCore(parts, answer);
  }

  /** How far it is. */
  get progress(): BulkProgress {
    return this.#progress;
  }

  /** Resolves when the peer verified, wrote and, if it was asked to, flushed all bytes. */
  get done(): Promise<BulkResult> {
    return this.#done.promise;
  }

  /** The answer's headers; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    return this.#core.answerHeaders;
  }

  /** The token by which later calls depend on this one; `undefined` unless it is tracked. */
  get token(): Promise<Id64 | undefined> {
    return this.#core.token;
  }

  /** Ends the transfer for both sides. */
  cancel(status?: number, reason?: string): void {
    this.#core.cancel(status, reason);
  }

  async #conclude(answer: Eventual<Message>): Promise<void> {
    try {
      this.#done.resolve({ bytes: decodeBulkStatus((await answer.promise).bytes) });
    } catch (error) {
      this.#done.reject(error);
    }
  }
}
