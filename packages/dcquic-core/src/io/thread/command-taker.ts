import type { Id64 } from "../../wire/id64.js";
import { ThreadWord } from "./thread-messages.js";

/**
 * The other end of a `CommandPost`: counts the batches of commands that the engine's thread takes, and those of which something may have
 * left. What was announced and has not left is still whoever's asks first: the thread's, which is about to send, or the application's, which
 * believes the thread lost and asks another engine.
 *
 * - `take` comes before the commands of each batch,
 * - `announced` after each announcement among them,
 * - `claim` before anything is sent.
 */
export class CommandTaker {
  readonly #words: Int32Array;
  readonly #unsent: { readonly batch: number; readonly transfer: Id64 }[] = [];
  #seen = 0;
  #claimed = 0;

  /** Counts in `words`, which the other thread sees. */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** How many batches came so far; wraps. */
  get seen(): number {
    return this.#seen;
  }

  /** Whether the next batch is to be obeyed. Whoever waited for too long may have revoked it, and asked another engine. */
  take(): boolean {
    const words = this.#words;
    const batch = this.#seen;
    const next = (batch + 1) | 0;
    this.#seen = next;
    if (Atomics.compareExchange(words, ThreadWord.taken, batch, next) === batch) return true;
    if (Atomics.load(words, ThreadWord.revokedTo) === next) {
      Atomics.store(words, ThreadWord.taken, next);
    }
    return false;
  }

  /** Notes a transfer that the batch which was taken last announced. */
  announced(transfer: Id64): void {
    this.#unsent.push({ batch: (this.#seen - 1) | 0, transfer });
  }

  /** Makes sure that what was announced may be sent; `cancel` is given what another engine has by now. */
  claim(cancel: (transfer: Id64) => void): void {
    const words = this.#words;
    const isOurs =
      Atomics.compareExchange(words, ThreadWord.sent, this.#claimed, this.#seen) === this.#claimed;
    if (!isOurs) {
      // In this order: who revokes once more says up to where before it looks whether this thread came by.
      Atomics.store(words, ThreadWord.sent, this.#seen);
      const revokedTo = Atomics.load(words, ThreadWord.revokedTo);
      for (const { batch, transfer } of this.#unsent) {
        if (((batch - revokedTo) | 0) < 0) cancel(transfer);
      }
    }
    this.#claimed = this.#seen;
    this.#unsent.length = 0;
  }
}
