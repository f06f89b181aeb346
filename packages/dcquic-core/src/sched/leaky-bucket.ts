/** Bytes that UDP, IPv4 and Ethernet add to a datagram, with preamble, checksum and gap. spec/dcquic.md §12 */
export const OVERHEAD_BYTES = 66;

/**
 * Spaces packets at a rate. It leaks: idle time earns nothing, so there is never a burst to make up for.
 *
 * @see spec/dcquic.md §12
 */
export class LeakyBucket {
  readonly #bytesPerUs: number;
  #nextFreeUs = Number.NEGATIVE_INFINITY;
  readonly #slackUs: number;

  /**
   * `slackUs` is how far `nextFree` may lag: what a coarse timer may send at once after it woke up late. 0 allows one packet
   * at a time.
   */
  constructor(bytesPerSecond: number, slackUs = 0) {
    this.#bytesPerUs = bytesPerSecond / 1e6;
    this.#slackUs = slackUs;
  }

  /** Bytes per second. */
  get rate(): number {
    return this.#bytesPerUs * 1e6;
  }

  /** When the next packet may go. */
  get nextFreeUs(): number {
    return this.#nextFreeUs - this.#slackUs;
  }

  /** Whether a packet may go now. */
  isFree(nowUs: number): boolean {
    return nowUs >= this.#nextFreeUs - this.#slackUs;
  }

  /** How many packets of so many bytes may go now, one after the other. */
  burst(nowUs: number, wireBytes: number): number {
    const lateUs = nowUs + this.#slackUs - Math.max(nowUs, this.#nextFreeUs);
    return lateUs < 0 ? 0 : Math.floor((lateUs * this.#bytesPerUs) / wireBytes) + 1;
  }

  /** Accounts a packet that goes now. */
  take(nowUs: number, wireBytes: number): void {
    this.#nextFreeUs = Math.max(nowUs, this.#nextFreeUs) + wireBytes / this.#bytesPerUs;
  }
}
