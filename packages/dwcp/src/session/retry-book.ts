/** A question that is asked again until it is answered: streams die, and what was said on them with them. */
interface OpenQuestion {
  readonly ask: () => void;
  askedUs: number;
}

/** Repeats questions of which the answer counts; each is safe to be asked twice. */
export class RetryBook {
  readonly #open = new Map<string, OpenQuestion>();
  readonly #everyUs: () => number;

  /** Repeats after `everyUs`, as it is then: how long the path is may be known only after a question was put. */
  constructor(everyUs: () => number) {
    this.#everyUs = everyUs;
  }

  /** Asks now, and again until {@link RetryBook.answered}. */
  ask(nowUs: number, key: string, ask: () => void): void {
    this.#open.set(key, { ask, askedUs: nowUs });
    ask();
  }

  /** Ends the repetition of `key`. */
  answered(key: string): void {
    this.#open.delete(key);
  }

  /** Asks everything once more, because what was asked may be lost. */
  askAll(nowUs: number): void {
    for (const question of this.#open.values()) {
      question.askedUs = nowUs;
      question.ask();
    }
  }

  /** When the next repetition is due; Infinity while nothing is open. */
  get nextDeadlineUs(): number {
    let askedUs = Number.POSITIVE_INFINITY;
    for (const question of this.#open.values()) askedUs = Math.min(askedUs, question.askedUs);
    return askedUs + this.#everyUs();
  }

  /** Asks what is due; `true` when that was anything. */
  tick(nowUs: number): boolean {
    let asked = false;
    for (const question of this.#open.values()) {
      if (question.askedUs + this.#everyUs() > nowUs) continue;
      question.askedUs = nowUs;
      question.ask();
      asked = true;
    }
    return asked;
  }
}
