/** Smallest memory worth keeping: records are no shorter. spec/dcquic.md §8.2 */
const MIN_BYTES = 16_384;

/**
 * Memory of records that were placed, for records to come: what is allocated anew each time costs zeroing, and collections
 * of garbage that outweigh everything else that is done with it.
 */
export class SpareMemory {
  readonly #limitBytes: number;
  readonly #spare: Uint8Array[] = [];
  #bytes = 0;

  /** Keeps `limitBytes` at most; what comes beyond is left to the garbage collector. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes that wait to be used again. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives `bytes` bytes, which hold whatever they held last. The caller owns them. */
  take(bytes: number): Uint8Array {
    const last = this.#spare.at(-1);
    // The short end of a message does not take what a whole record needs.
    if (last === undefined || last.length > 2 * bytes) return new Uint8Array(bytes);
    this.#spare.pop();
    this.#bytes -= last.length;
    // Records became longer: what is left of the shorter ones goes one by one.
    return last.length < bytes ? new Uint8Array(bytes) : last.subarray(0, bytes);
  }

  /** Takes over the memory under `bytes`, all of it: nobody may look at it any more. */
  give(bytes: Uint8Array): void {
    const whole = new Uint8Array(bytes.buffer);
    if (whole.length < MIN_BYTES || this.#bytes + whole.length > this.#limitBytes) return;
    this.#spare.push(whole);
    this.#bytes += whole.length;
  }
}
