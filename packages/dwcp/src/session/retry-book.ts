/** A question that is asked again until it is answered: streams die, and what was said on them with them. */
interface OpenQuestion {
  readonly ask: () => void;
  readonly everyUs: number;
  dueUs: number;
}

/** Repeats questions of which the answer counts; each is safe to be asked twice. */
export class RetryBook {
  readonly #open = new Map<string, OpenQuestion>();

  /** Asks now, and again every `everyUs` until {@link RetryBook.answered}. */
  ask(nowUs: number, key: string, everyUs: number, ask: () => void): void {
    this.#open.set(key, { ask, everyUs, dueUs: nowUs + everyUs });
    ask();
  }

  /** Ends the repetition of `key`. */
  answered(key: string): void {
    this.#open.delete(key);
  }

  /** Asks everything once more, because what was asked may be lost. */
  askAll(nowUs: number): void {
    for (const question of this.#open.values()) {
      question.dueUs = nowUs + question.everyUs;
      question.ask();
    }
  }

  /** When the next repetition is due; Infinity while nothing is open. */
  get nextDeadlineUs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const question of this.#open.values()) due = Math.min(due, question.dueUs);
    return due;
  }

  tick(nowUs: number): void {
    for (const question of this.#open.values()) {
      if (question.dueUs > nowUs) continue;
      question.dueUs = nowUs + question.everyUs;
      question.ask();
    }
  }
}
