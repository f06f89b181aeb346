/** Answers promises in the order in which they were made: for protocols without message ids. */
export class ReplyQueue {
  readonly #waiting: ((reply: Uint8Array) => void)[] = [];
  #head = 0;

  /** Waits for the next reply that nobody waits for yet. */
  next(): Promise<Uint8Array> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Hands `reply` to whoever waits longest. */
  answer(reply: Uint8Array): void {
    this.#waiting[this.#head++]?.(reply);
    if (this.#head === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#head = 0;
    }
  }
}
