/**
 * Time during which an engine ran. Whoever was kept from running for ten seconds, by a busy thread or a machine that slept,
 * heard nothing for ten seconds, and no peer is to blame: patience with peers is measured in this time.
 *
 * It is known from timers that fire late: the engine was away from their deadline on.
 *
 * @see spec/dcquic.md §13.3, §14
 */
export class AwakeTime {
  readonly #toleranceUs: number;
  #seenUs: number;
  #sleptUs = 0;

  /** Begins now; what is late by no more than `toleranceUs` is on time. */
  constructor(nowUs: number, toleranceUs: number) {
    this.#seenUs = nowUs;
    this.#toleranceUs = toleranceUs;
  }

  /** How long the engine was kept from running, altogether; µs. */
  get sleptUs(): number {
    return this.#sleptUs;
  }

  /**
   * Notes that the engine runs, which should have happened at `deadlineUs()`; returns how long it was away in vain, 0 if it
   * came in time. To be called first of all.
   */
  runs(nowUs: number, deadlineUs: () => number): number {
    const sinceUs = this.#seenUs;
    if (nowUs - sinceUs <= this.#toleranceUs) return 0;
    this.#seenUs = nowUs;
    const lateUs = nowUs - Math.max(sinceUs, deadlineUs());
    if (lateUs <= this.#toleranceUs) return 0;
    this.#sleptUs += lateUs;
    return lateUs;
  }
}
