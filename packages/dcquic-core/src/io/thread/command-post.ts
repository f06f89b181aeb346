import { REVOKED, type ThreadCommand, ThreadWord } from "./thread-messages.js";

/**
 * Commands to an engine's thread: those of one turn go together, as one numbered batch, and what the thread has not taken can
 * be revoked.
 *
 * The thread counts the batches that it takes, and those of which something may have been sent, where both see it; whoever is first to
 * exchange such a number has what is beyond it.
 */
export class CommandPost {
  readonly #send: (batch: readonly ThreadCommand[]) => void;
  readonly #words: Int32Array;
  #waiting: ThreadCommand[] = [];
  #posted = 0;
  readonly #revokedFrom = { taken: 0, sent: 0 };
  #isClosed = false;

  /** Sends batches with `send`; `words` are those that the thread sees. */
  constructor(send: (batch: readonly ThreadCommand[]) => void, words: Int32Array) {
    this.#send = send;
    this.#words = words;
  }

  /** Number of the batch with which the next command goes; numbers wrap. */
  get batch(): number {
    return this.#posted;
  }

  /** Passes a command on, with the others of this turn. */
  post(command: ThreadCommand): void {
    if (this.#isClosed) return;
    if (this.#waiting.push(command) === 1) queueMicrotask(() => this.#flush());
  }

  /**
   * Revokes what the thread did not take, and of what it took what cannot have been sent yet; returns of how many batches something may
   * have been. It will take none of the others and send nothing of them, but for what they say of paths, which both sides number alike.
   */
  revoke(): number {
    this.#flush();
    Atomics.store(this.#words, ThreadWord.revokedTo, this.#posted);
    const sent = this.#exchange("sent");
    this.#exchange("taken");
    return sent;
  }

  /** Posts nothing more. */
  close(): void {
    this.#isClosed = true;
  }

  #exchange(which: "taken" | "sent"): number {
    const word = ThreadWord[which];
    for (;;) {
      const count = Atomics.load(this.#words, word);
      // It did not come by since the last time.
      if (count === REVOKED) return this.#revokedFrom[which];
      if (count === this.#posted) return count;
      if (Atomics.compareExchange(this.#words, word, count, REVOKED) !== count) continue;
      this.#revokedFrom[which] = count;
      return count;
    }
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0 || this.#isClosed) return;
    this.#waiting = [];
    this.#send(batch);
    this.#posted = (this.#posted + 1) | 0;
    Atomics.store(this.#words, ThreadWord.posted, this.#posted);
  }
}
