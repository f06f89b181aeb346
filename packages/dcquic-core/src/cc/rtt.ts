/** How retransmission timers are derived. All in microseconds. spec/dcquic.md §13 */
export interface RttOptions {
  /** Assumed before the first sample. */
  readonly initialRttUs: number;
  /** Shortest PTO. */
  readonly timerGranularityUs: number;
  /** Longest PTO, with backoff. */
  readonly maxPtoUs: number;
}

/** The round trip of a path, and the timer derived from it, smoothed as in QUIC. */
export class RttEstimator {
  readonly #options: RttOptions;
  #srtt: number | undefined;
  #exponent = 0;
  #silentPtos = 0;
  #raisedUs = Number.NEGATIVE_INFINITY;

  /** Nothing was measured yet. */
  constructor(options: RttOptions) {
    this.#options = options;
  }

  /** The smoothed round trip. */
  get srttUs(): number {
    return this.#srtt ?? this.#options.initialRttUs;
  }

  /** The probe timeout without backoff. */
  get ptoUs(): number {
    const { timerGranularityUs, maxPtoUs } = this.#options;
    return Math.min(maxPtoUs, Math.max(3 * this.srttUs, timerGranularityUs));
  }

  /** The probe timeout with backoff. */
  get backedOffPtoUs(): number {
    return Math.min(this.#options.maxPtoUs, this.ptoUs * 2 ** this.#exponent);
  }

  /** How often the timer expired since the peer was heard. §14 */
  get silentPtos(): number {
    return this.#silentPtos;
  }

  /** Takes a measured round trip, from which the peer's delay was subtracted. */
  sample(rttUs: number): void {
    this.#srtt = this.#srtt === undefined ? rttUs : this.#srtt + (rttUs - this.#srtt) / 8;
  }

  /** Doubles the timer because it expired; all timers of a path that expire within one count once. */
  expired(nowUs: number): void {
    if (nowUs - this.#raisedUs < this.ptoUs) return;
    this.#raisedUs = nowUs;
    this.#silentPtos += 1;
    if (this.backedOffPtoUs < this.#options.maxPtoUs) this.#exponent += 1;
  }

  /** Ends the backoff because the peer was heard; says whether there was any. §13.1 */
  heard(): boolean {
    const was = this.#exponent > 0;
    this.#exponent = 0;
    this.#silentPtos = 0;
    return was;
  }
}
