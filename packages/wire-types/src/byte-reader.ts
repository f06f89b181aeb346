import { wireError } from "./errors.js";
import { decodeUtf8 } from "./utf8.js";
import { readLeb128, readLeb128Big } from "./varint.js";

/**
 * A bounds-checked little-endian cursor over bytes it does not own.
 *
 * Every method moves the cursor past what it read; every read beyond the end throws `wire.truncated` and
 * moves nothing.
 */
export class ByteReader {
  /** The bytes being read. */
  readonly bytes: Uint8Array;
  /** Index of the next byte. */
  offset: number;
  readonly #view: DataView;

  /** Starts at `offset`; `bytes` is not copied. */
  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes left. */
  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** Reads an unsigned byte. */
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Reads an unsigned 16-bit integer. */
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  /** Reads an unsigned 32-bit integer. */
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Reads a signed 32-bit integer. */
  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Reads an unsigned 64-bit integer. */
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** Reads a signed 64-bit integer. */
  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** Reads a 32-bit float. */
  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** Reads a 64-bit float. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** Reads an unsigned LEB128 integer up to 2^53-1. @throws `wire.overflow` above it. */
  leb128(): number {
    const first = this.bytes[this.offset] ?? 0x80;
    if (first < 0x80) {
      this.offset++;
      return first;
    }
    const { value, size } = readLeb128(this.bytes, this.offset);
    this.offset += size;
    return value;
  }

  /** Reads an unsigned LEB128 integer up to 2^64-1. @throws `wire.overflow` above it. */
  leb128Big(): bigint {
    const { value, size } = readLeb128Big(this.bytes, this.offset);
    this.offset += size;
    return value;
  }

  /** Returns the next `length` bytes as a view: copy it before the buffer is reused. */
  view(length: number): Uint8Array {
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Reads `length` bytes as UTF-8 text. @throws `wire.invalid_utf8` */
  text(length: number): string {
    return decodeUtf8(this.view(length));
  }

  /** Moves past `length` bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): number {
    const start = this.offset;
    if (!(length >= 0) || length > this.bytes.length - start) {
      throw wireError(
        "wire.truncated",
        `need ${length} bytes at ${start}, have ${this.bytes.length - start}`,
      );
    }
    this.offset = start + length;
    return start;
  }
}
