/**
 * Holds all streams of a session together to one rate. It saves a little for late timers, never more than its burst.
 *
 * @see spec/dwcp.md B13
 */
export class TokenBucket {
  #bytesPerUs = Number.POSITIVE_INFINITY;
  #burstBytes = Number.POSITIVE_INFINITY;
  #tokens = 0;
  #filledUs: number;

  /** Begins without a limit and, once it has one, with an empty purse. */
  constructor(nowUs: number) {
    this.#filledUs = nowUs;
  }

  /** Sets the rate; Infinity lifts the limit. `burstBytes` is the most that idle time saves. */
  setRate(nowUs: number, bytesPerSecond: number, burstBytes: number): void {
    this.#fill(nowUs);
    this.#bytesPerUs = bytesPerSecond / 1e6;
    this.#burstBytes = burstBytes;
    this.#tokens = Math.min(this.#tokens, burstBytes);
  }

  /** When the next bytes may go; `nowUs` or earlier when they may go at once. */
  nextFreeUs(nowUs: number): number {
    this.#fill(nowUs);
    return this.#tokens > 0 || this.#bytesPerUs === Number.POSITIVE_INFINITY
      ? nowUs
      : nowUs + (1 - this.#tokens) / this.#bytesPerUs;
  }

  /** Accounts bytes that go now. What one unit overdraws is paid back by waiting. */
  take(nowUs: number, bytes: number): void {
    this.#fill(nowUs);
    if (this.#bytesPerUs !== Number.POSITIVE_INFINITY) this.#tokens -= bytes;
  }

  #fill(nowUs: number): void {
    const elapsedUs = Math.max(0, nowUs - this.#filledUs);
    this.#filledUs = Math.max(nowUs, this.#filledUs);
    if (this.#bytesPerUs === Number.POSITIVE_INFINITY) {
      this.#tokens = 0;
      return;
    }
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + elapsedUs * this.#bytesPerUs);
  }
}
