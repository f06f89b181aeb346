const FIRST_CAPACITY = 64;
const MAX_CAPACITY = 65_536;
const NOTHING = new Float64Array(0);

/**
 * When the last packets were sent, and how much had been sent by then. A ring in typed arrays that grows with what is in
 * flight: an idle path holds little.
 */
export class SentLog {
  #times: Float64Array = NOTHING;
  #bytes: Float64Array = NOTHING;
  #first: number;
  #end: number;
  #totalBytes = 0;

  /** Packet numbers begin at `first`. */
  constructor(first = 0) {
    this.#first = first;
    this.#end = first;
  }

  /** Packets sent so far, in number space: the next number. */
  get end(): number {
    return this.#end;
  }

  /** Congestion-controlled bytes sent so far. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Notes the next packet; `bytes` is 0 for one outside of congestion control. */
  add(nowUs: number, bytes: number): void {
    const span = this.#end - this.#first;
    if (span === this.#times.length) {
      if (span < MAX_CAPACITY) this.#grow();
      else this.#first += 1;
    }
    this.#totalBytes += bytes;
    const at = this.#end & (this.#times.length - 1);
    this.#times[at] = nowUs;
    this.#bytes[at] = this.#totalBytes;
    this.#end += 1;
  }

  /** When a packet was sent, or `undefined` if that is forgotten or never happened. */
  timeOf(packetNumber: number): number | undefined {
    if (packetNumber < this.#first || packetNumber >= this.#end) return undefined;
    return this.#times[packetNumber & (this.#times.length - 1)];
  }

  /** Congestion-controlled bytes sent up to and including a packet. */
  bytesUpTo(packetNumber: number): number | undefined {
    if (packetNumber < this.#first || packetNumber >= this.#end) return undefined;
    return this.#bytes[packetNumber & (this.#times.length - 1)];
  }

  /** Forgets what lies before a packet. */
  forgetBefore(packetNumber: number): void {
    this.#first = Math.max(this.#first, Math.min(packetNumber, this.#end));
  }

  #grow(): void {
    const [times, bytes, mask] = [this.#times, this.#bytes, this.#times.length - 1];
    this.#times = new Float64Array(Math.max(FIRST_CAPACITY, 2 * times.length));
    this.#bytes = new Float64Array(Math.max(FIRST_CAPACITY, 2 * times.length));
    const wider = this.#times.length - 1;
    for (let n = this.#first; n < this.#end; n++) {
      this.#times[n & wider] = times[n & mask] ?? 0;
      this.#bytes[n & wider] = bytes[n & mask] ?? 0;
    }
  }
}
