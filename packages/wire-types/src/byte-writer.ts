import { encodeUtf8Into, utf8Length } from "./utf8.js";
import { writeLeb128, writeLeb128Big } from "./varint.js";

/**
 * A little-endian cursor that grows its buffer as it writes.
 *
 * Growth doubles, so n bytes cost O(n) copies; a size known ahead avoids them.
 */
export class ByteWriter {
  /** Bytes written so far. */
  length = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;

  /** `capacity` is the first buffer's size in bytes. */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Writes an unsigned byte. */
  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  /** Writes an unsigned 16-bit integer. */
  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  /** Writes an unsigned 32-bit integer. */
  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** Writes a signed 32-bit integer. */
  i32(value: number): this {
    const at = this.#room(4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  /** Writes an unsigned 64-bit integer. */
  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  /** Writes a signed 64-bit integer. */
  i64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigInt64(at, value, true);
    return this;
  }

  /** Writes a 32-bit float. */
  f32(value: number): this {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }

  /** Writes a 64-bit float. */
  f64(value: number): this {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  /** Writes an unsigned LEB128 integer, 0..2^53-1. */
  leb128(value: number): this {
    this.#reserve(8);
    this.length += writeLeb128(this.#bytes, this.length, value);
    return this;
  }

  /** Writes an unsigned LEB128 integer, 0..2^64-1. */
  leb128Big(value: bigint): this {
    this.#reserve(10);
    this.length += writeLeb128Big(this.#bytes, this.length, value);
    return this;
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Writes `text` as UTF-8, without a length. */
  text(text: string): this {
    return this.#text(text, utf8Length(text));
  }

  /** Writes `text` as UTF-8 after its length in LEB128. */
  lengthAndText(text: string): this {
    const size = utf8Length(text);
    return this.leb128(size).#text(text, size);
  }

  /** Writes `count` zero bytes. */
  zeros(count: number): this {
    const start = this.#room(count);
    this.#bytes.fill(0, start, start + count);
    return this;
  }

  /** Writes zeros up to the next multiple of `alignment`. */
  align(alignment: number): this {
    return this.zeros((alignment - (this.length % alignment)) % alignment);
  }

  /** Returns what was written as a view of the writer's buffer: valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  /** Returns a copy of what was written. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.length = 0;
  }

  #text(text: string, size: number): this {
    const at = this.#room(size);
    encodeUtf8Into(text, this.#bytes, at, size);
    return this;
  }

  // Call it before the buffer is named: it may replace it.
  #room(size: number): number {
    this.#reserve(size);
    const start = this.length;
    this.length += size;
    return start;
  }

  #reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
