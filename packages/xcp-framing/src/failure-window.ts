/** Counts failures and tells when too many fell into one window of time. spec/xcp.md §3, §12 */
export class FailureWindow {
  readonly #max: number;
  readonly #windowUs: number;
  #timesUs: number[] = [];

  /** The `max`-th failure within `windowUs` is one too many. */
  constructor(max: number, windowUs: number) {
    this.#max = max;
    this.#windowUs = windowUs;
  }

  /** Counts one failure; `true` when the connection must be closed. */
  add(nowUs: number): boolean {
    this.#timesUs = this.#timesUs.filter((atUs) => nowUs - atUs < this.#windowUs);
    this.#timesUs.push(nowUs);
    return this.#timesUs.length >= this.#max;
  }
}
