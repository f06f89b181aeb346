import type { RttEstimator } from "../cc/rtt.js";

const COMPLETIONS = 256;
const REPEATS = 3;
const ROUNDS = 4;

/**
 * When a path says CLOSED: once enough announcements finished, or some did a while ago, and then a few times more, because nobody
 * acknowledges it.
 *
 * @see spec/dcquic.md §9.12
 */
export class ClosedPace {
  readonly #rtt: RttEstimator;
  // Announcements that finished since it was last said.
  #unsaid = 0;
  // How often it is still to be repeated.
  #repeats = 0;
  #sentUs: number = Number.NEGATIVE_INFINITY;

  /** Waits in round trips of `rtt`. */
  constructor(rtt: RttEstimator) {
    this.#rtt = rtt;
  }

  /** Notes that an own announcement finished. */
  finished(): void {
    this.#unsaid += 1;
  }

  /** Whether it has something to say that is due. */
  isDue(nowUs: number): boolean {
    return this.#unsaid >= COMPLETIONS || nowUs >= this.nextUs();
  }

  /** When it is due; Infinity when it has nothing to say. Repetitions come at growing distances. */
  nextUs(): number {
    // Where answers come within microseconds, four round trips are over with every packet: timers need not be that quick.
    const waitUs = Math.max(ROUNDS * this.#rtt.srttUs, this.#rtt.ptoUs);
    if (this.#unsaid > 0) return this.#sentUs + waitUs;
    if (this.#repeats === 0) return Number.POSITIVE_INFINITY;
    return this.#sentUs + waitUs * 4 ** (REPEATS + 1 - this.#repeats);
  }

  /** Notes that it is said now. */
  sent(nowUs: number): void {
    this.#sentUs = nowUs;
    this.#repeats = this.#unsaid > 0 ? REPEATS : this.#repeats - 1;
    this.#unsaid = 0;
  }
}
