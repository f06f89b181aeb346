const FAILURES = 3;
const WITHIN_US = 10_000_000;
const DOWN_US = 60_000_000;

/**
 * Whether a path's bytes are read from memory: after three failures within ten seconds they come by UDP for a minute.
 *
 * @see spec/dcquic.md §16.3
 */
export class RmaHealth {
  #failuresUs: number[] = [];
  #downUntilUs = Number.NEGATIVE_INFINITY;

  /** Whether reads may be tried. */
  isUp(nowUs: number): boolean {
    return nowUs >= this.#downUntilUs;
  }

  /** Notes a read that failed; says whether the path goes down because of it. */
  failed(nowUs: number): boolean {
    if (!this.isUp(nowUs)) return false;
    this.#failuresUs = this.#failuresUs.filter((atUs) => nowUs - atUs < WITHIN_US);
    this.#failuresUs.push(nowUs);
    if (this.#failuresUs.length < FAILURES) return false;
    this.#failuresUs = [];
    this.#downUntilUs = nowUs + DOWN_US;
    return true;
  }
}
