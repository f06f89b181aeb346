import { type RandomSource, uniform } from "@proj/wire-types";

const FIRST_NS = 100_000_000;
const MAX_DOUBLINGS = 5;
const JITTER = 0.2;

/** How long a client waits before it tries again: 100 ms, doubled five times at most, give or take a fifth. §14.3 */
export class Backoff {
  readonly #random: RandomSource;
  #failures = 0;

  /** `random` spreads clients that failed together. */
  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Notes one more failure, and returns how long to wait, in nanoseconds. */
  failed(): bigint {
    const exponent = Math.min(this.#failures++, MAX_DOUBLINGS);
    const spread = 1 + JITTER * (2 * uniform(this.#random) - 1);
    return BigInt(Math.round(FIRST_NS * 2 ** exponent * spread));
  }

  /** Notes that things went well. */
  reset(): void {
    this.#failures = 0;
  }
}
