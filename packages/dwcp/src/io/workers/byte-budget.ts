interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

/** So many bytes may be in use at a time; who wants more waits for its turn. One alone may exceed the budget. */
export class ByteBudget {
  readonly #most: number;
  readonly #waiting: Waiting[] = [];
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when `bytes` may be used; in the order of the calls. */
  take(bytes: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ bytes, go });
      this.#admit();
    });
  }

  /** Gives back what {@link take} gave. */
  give(bytes: number): void {
    this.#used -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || (this.#used > 0 && this.#used + next.bytes > this.#most)) return;
      this.#waiting.shift();
      this.#used += next.bytes;
      next.go();
    }
  }
}
