import { type RandomSource, uniform } from "@proj/wire-types";

/** The longest sample, in bytes. spec/dwcp.md B11 */
export const MAX_SAMPLE_BYTES = 16_384;

/** Keeps a fair choice of the samples of one class: each that ever came is equally likely to be there. spec/dwcp.md B11 */
export class SampleReservoir {
  readonly #random: RandomSource;
  readonly #maxSamples: number;
  readonly #samples: Uint8Array[] = [];
  #seen = 0;

  /** It keeps at most `maxSamples` of {@link MAX_SAMPLE_BYTES} each. */
  constructor(random: RandomSource, maxSamples: number = 1_000) {
    this.#random = random;
    this.#maxSamples = maxSamples;
  }

  /** What is kept. */
  get samples(): readonly Uint8Array[] {
    return this.#samples;
  }

  /** Offers a sample; the start of it is copied if it is taken. */
  offer(sample: Uint8Array): void {
    this.#seen++;
    const at =
      this.#samples.length < this.#maxSamples
        ? this.#samples.length
        : Math.floor(uniform(this.#random) * this.#seen);
    if (at >= this.#maxSamples) return;
    this.#samples[at] = new Uint8Array(sample.subarray(0, MAX_SAMPLE_BYTES));
  }
}
