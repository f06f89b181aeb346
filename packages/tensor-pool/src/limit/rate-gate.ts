/** Lets frames pass as often as a rate says. The first one after a start passes at once. spec/tensor-pool.md §19 */
export class RateGate {
  readonly #periodNs: bigint;
  #nextNs = 0n;

  /** `maxRateHz` frames a second pass; 0 for all. */
  constructor(maxRateHz: number) {
    if (!(maxRateHz >= 0)) throw new RangeError(`a rate of ${maxRateHz} Hz`);
    this.#periodNs = maxRateHz === 0 ? 0n : BigInt(Math.floor(1e9 / maxRateHz));
  }

  /** Tells whether a frame may pass now, without letting one pass. */
  isOpen(nowNs: bigint): boolean {
    return this.#periodNs === 0n || nowNs >= this.#nextNs;
  }

  /** Lets a frame pass, if it may. */
  pass(nowNs: bigint): boolean {
    if (this.#periodNs === 0n) return true;
    if (nowNs < this.#nextNs) return false;
    // A frame that is a little late does not push those behind it back, one that is very late does.
    const due = this.#nextNs + this.#periodNs;
    this.#nextNs = nowNs - this.#nextNs < this.#periodNs ? due : nowNs + this.#periodNs;
    return true;
  }

  /** Lets the next frame pass at once: the stream has started over. */
  reset(): void {
    this.#nextNs = 0n;
  }
}
