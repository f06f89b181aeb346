import { AeronError } from "../errors.js";

/** Rounds `value` up to a multiple of `alignment`, a power of two; both below 2^31. */
export function align(value: number, alignment: number): number {
  return (value + alignment - 1) & -alignment;
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Memory that other processes read and write at the same time.
 *
 * Offsets are bytes. 32-bit accesses are aligned to 4, 64-bit ones to 8. `Acquire` and `Release` are as strong as
 * `Atomics` makes them, which is more than the format needs. spec/aeron.md §12
 */
export class AtomicBuffer {
  /** The memory itself. */
  readonly bytes: Uint8Array;
  /** For what is not aligned, and plain accesses. */
  readonly view: DataView;
  /** The memory as words; index is the offset divided by 4. */
  readonly words: Int32Array;
  readonly #longs: BigInt64Array;

  /** `bytes` starts at a multiple of 8 in its buffer; what is beyond a multiple of 8 bytes is reached by `view` only. */
  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, byteLength } = bytes;
    if (!LITTLE_ENDIAN) {
      throw new AeronError("aeron.unsupported_platform", "Aeron's files are little-endian");
    }
    if (byteOffset % 8 !== 0) throw new RangeError(`memory at offset ${byteOffset}, not aligned`);
    this.bytes = bytes;
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.words = new Int32Array(buffer, byteOffset, byteLength >>> 2);
    this.#longs = new BigInt64Array(buffer, byteOffset, byteLength >>> 3);
  }

  /** Bytes of memory. */
  get length(): number {
    return this.bytes.length;
  }

  /** Returns a part of this memory; `offset` is a multiple of 8. */
  slice(offset: number, length: number): AtomicBuffer {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.length)) {
      throw new RangeError(`bytes ${offset} to ${offset + length} of ${this.length}`);
    }
    return new AtomicBuffer(this.bytes.subarray(offset, offset + length));
  }

  /** Reads a 32-bit integer, and everything written before it was. */
  intAcquire(offset: number): number {
    return Atomics.load(this.words, offset >> 2);
  }

  /** Writes a 32-bit integer after everything before it. */
  putIntRelease(offset: number, value: number): void {
    Atomics.store(this.words, offset >> 2, value);
  }

  /** Writes `value` if `expected` is there; tells whether it was. */
  casInt(offset: number, expected: number, value: number): boolean {
    return Atomics.compareExchange(this.words, offset >> 2, expected, value) === expected;
  }

  /** Reads a 64-bit integer, and everything written before it was. */
  longAcquire(offset: number): bigint {
    return Atomics.load(this.#longs, offset >>> 3);
  }

  /** Writes a 64-bit integer after everything before it. */
  putLongRelease(offset: number, value: bigint): void {
    Atomics.store(this.#longs, offset >>> 3, value);
  }

  /** Writes `value` if `expected` is there; tells whether it was. */
  casLong(offset: number, expected: bigint, value: bigint): boolean {
    return Atomics.compareExchange(this.#longs, offset >>> 3, expected, value) === expected;
  }

  /** Adds to a 64-bit integer and returns what was there. */
  addLong(offset: number, delta: bigint): bigint {
    return Atomics.add(this.#longs, offset >>> 3, delta);
  }

  /**
   * Reads a position: a 64-bit integer below 2^53 that never goes back.
   *
   * Reads halves until the upper one stands still, which is many times cheaper than making a bigint. The second look at it
   * is a plain one: an acquire load stands before it, and every `Atomics` call costs more than all the rest.
   */
  positionAcquire(offset: number): number {
    const index = offset >> 2;
    for (;;) {
      const high = Atomics.load(this.words, index + 1);
      const low = Atomics.load(this.words, index);
      if (high !== this.words[index + 1]) continue;
      return high === 0 && low >= 0 ? low : high * 4_294_967_296 + (low >>> 0);
    }
  }

  /**
   * Writes a position that only this writer changes.
   *
   * While the upper half stays, storing the lower one is atomic for readers of either width. What this writer alone
   * changes, it may look at plainly.
   */
  putPositionRelease(offset: number, value: number): void {
    const index = offset >> 2;
    const high = Math.floor(value / 4_294_967_296);
    if (this.words[index + 1] === high) Atomics.store(this.words, index, value | 0);
    else this.putLongRelease(offset, BigInt(value));
  }

  /** Reads US-ASCII text. */
  text(offset: number, length: number): string {
    let text = "";
    for (let index = 0; index < length; index++) {
      text += String.fromCharCode(this.view.getUint8(offset + index));
    }
    return text;
  }
}
