import type { SessionRate } from "../rate/session-rate.js";

const STALL_RTTS = 4;
/** Where not even an opening was answered: nothing is known of how slow the path is. */
const FIRST_ANSWER_US = 10_000_000;

/**
 * How long a stream that owes an answer may be silent before it counts as stalled.
 *
 * Before the first acknowledgement the answer to an opening is all that tells how long the path is. It tells nothing of how much
 * the path takes in a second: so each stream that was given up meanwhile, perhaps for nothing but a slow path, doubles the patience.
 *
 * @see spec/dwcp.md B7, B9
 */
export class Patience {
  readonly #leastUs: number;
  readonly #rate: Pick<SessionRate, "smoothedRttUs" | "likelyRttUs">;
  #factor = 1;

  /** `leastUs` is waited in any case. */
  constructor(leastUs: number, rate: Pick<SessionRate, "smoothedRttUs" | "likelyRttUs">) {
    this.#leastUs = leastUs;
    this.#rate = rate;
  }

  /** How long, as things are now, in µs. */
  get stallUs(): number {
    const { smoothedRttUs, likelyRttUs } = this.#rate;
    const knownUs = Math.max(this.#leastUs, STALL_RTTS * likelyRttUs);
    if (smoothedRttUs > 0) return knownUs;
    const unknownUs = Math.max(this.#leastUs, FIRST_ANSWER_US);
    return likelyRttUs === 0 ? unknownUs : Math.min(unknownUs, this.#factor * knownUs);
  }

  /** A stream was given up for its silence. */
  gaveUp(): void {
    if (this.#rate.smoothedRttUs === 0) this.#factor *= 2;
  }
}
