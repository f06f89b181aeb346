import { REVOKED, type ThreadCommand, ThreadWord } from "./thread-messages.js";

/**
 * Commands to an engine's thread: those of one turn go together, as one numbered batch, and what the thread has not taken can
 * be revoked.
 *
 * The thread counts the batches it takes where both see it; whoever is first to exchange that number has them.
 */
export class CommandPost {
  readonly #send: (batch: readonly ThreadCommand[]) => void;
  readonly #words: Int32Array;
  #waiting: ThreadCommand[] = [];
  #posted = 0;
  #revokedFrom = 0;
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
   * Revokes what the thread did not take; returns how many batches it did. It will take none of the others, but for what they
   * say of paths, which both sides number alike.
   */
  revoke(): number {
    this.#flush();
    Atomics.store(this.#words, ThreadWord.revokedTo, this.#posted);
    for (;;) {
      const taken = Atomics.load(this.#words, ThreadWord.taken);
      // It did not come by since the last time.
      if (taken === REVOKED) return this.#revokedFrom;
      if (taken === this.#posted) return taken;
      if (Atomics.compareExchange(this.#words, ThreadWord.taken, taken, REVOKED) !== taken)
        continue;
      this.#revokedFrom = taken;
      return taken;
    }
  }

  /** Posts nothing more. */
  close(): void {
    this.#isClosed = true;
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
