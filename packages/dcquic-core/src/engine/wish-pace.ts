// What is wished for is what arrived lately: without more nobody would find out that there is more.
const HEADROOM = 1.25;

/** The rate a puller wishes for, and the pace that it makes. spec/dcquic.md §12 */
export class WishPace {
  /** Bytes per second; 0 is no wish. */
  rate = 0;
  readonly #slackUs: number;
  #freeUs: number = Number.NEGATIVE_INFINITY;

  /** `slackUs` is how late a driver's timer may be: so much of the pace is made up for. */
  constructor(slackUs: number) {
    this.#slackUs = slackUs;
  }

  /** When the next DATA may go. */
  get freeUs(): number {
    return this.#freeUs;
  }

  /** How many packets of so many bytes may go now, one after the other. */
  burst(nowUs: number, bytes: number): number {
    if (this.#freeUs > nowUs) return 0;
    if (this.rate === 0) return Number.POSITIVE_INFINITY;
    const startUs = Math.max(nowUs - this.#slackUs, this.#freeUs);
    return Math.floor((nowUs - startUs) / this.#durationUs(bytes)) + 1;
  }

  /** Notes bytes that go now. */
  sent(nowUs: number, bytes: number): void {
    if (this.rate === 0) return;
    this.#freeUs = Math.max(nowUs - this.#slackUs, this.#freeUs) + this.#durationUs(bytes);
  }

  #durationUs(bytes: number): number {
    return (bytes / (HEADROOM * this.rate)) * 1e6;
  }
}
