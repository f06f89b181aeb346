import { leb128Size, writeLeb128 } from "@proj/wire-types";

const WORD = 2 ** 32;
const MIN_CAPACITY = 64;

/** A big-endian writer that grows. spec/dwcp.md B2 */
export class NetworkWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;

  /** `capacity` is what is known to be needed, in bytes. */
  constructor(capacity: number = MIN_CAPACITY) {
    this.#bytes = new Uint8Array(Math.max(capacity, MIN_CAPACITY));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Writes 8 bits. */
  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  /** Writes 16 bits. */
  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }

  /** Writes 32 bits. */
  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** Writes 64 bits of an integer in 0..2^53−1. */
  u64(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`a u64 of this protocol is 0..2^53-1, not ${value}`);
    }
    const at = this.#room(8);
    this.#view.setUint32(at, Math.floor(value / WORD));
    this.#view.setUint32(at + 4, value % WORD);
    return this;
  }

  /** Writes an unsigned varint (LEB128) of 0..2^53−1. */
  varint(value: number): this {
    const at = this.#room(leb128Size(value));
    writeLeb128(this.#bytes, at, value);
    return this;
  }

  /** Writes a signed varint (zigzag) of −2^52..2^52−1. */
  signedVarint(value: number): this {
    return this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Writes `bytes` as they are. */
  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Gives what was written, as a view until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  // Call it before the buffer is named: it may replace it.
  #room(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
