import type { Id64 } from "./id64.js";
import { putVarint, varintSize } from "./varint.js";

const WORD = 2 ** 32;

/**
 * A little-endian cursor over a slab of fixed size.
 *
 * What does not fit is not written and sets {@link WireWriter.overflowed}: a packet builder tries a frame, and takes it
 * back with {@link WireWriter.rewind} when it was one too many.
 */
export class WireWriter {
  /** Bytes of the slab. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the next write begins, in the slab. */
  offset = 0;
  /** Whether something did not fit since the last {@link WireWriter.rewind}. */
  overflowed = false;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;

  /** Aims at `offset … end` of `bytes`, seen through `view`, which starts where `bytes` does. */
  aim(bytes: Uint8Array, view: DataView, offset: number, end: number): this {
    if (offset < 0 || offset > end || end > bytes.length) {
      throw new RangeError(`${offset}…${end} is outside a slab of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.#view = view;
    this.#end = end;
    this.rewind(offset);
    return this;
  }

  /** Bytes that still fit. */
  get remaining(): number {
    return this.#end - this.offset;
  }

  /** Goes back to `offset`, as if nothing had been written after it. */
  rewind(offset: number): void {
    this.offset = offset;
    this.overflowed = false;
  }

  /** Writes an unsigned byte. */
  u8(value: number): void {
    if (this.#has(1)) this.#view.setUint8(this.#move(1), value);
  }

  /** Writes 16 bits. */
  u16(value: number): void {
    if (this.#has(2)) this.#view.setUint16(this.#move(2), value, true);
  }

  /** Writes 32 bits. */
  u32(value: number): void {
    if (this.#has(4)) this.#view.setUint32(this.#move(4), value, true);
  }

  /** Writes 48 bits. */
  u48(value: number): void {
    if (!this.#has(6)) return;
    const at = this.#move(6);
    this.#view.setUint32(at, value % WORD, true);
    this.#view.setUint16(at + 4, Math.floor(value / WORD), true);
  }

  /** Writes a counter below 2^53 as 64 bits. */
  counter(value: number): void {
    if (!this.#has(8)) return;
    const at = this.#move(8);
    this.#view.setUint32(at, value % WORD, true);
    this.#view.setUint32(at + 4, Math.floor(value / WORD), true);
  }

  /** Writes a 64-bit id. */
  id(id: Id64): void {
    if (!this.#has(8)) return;
    const at = this.#move(8);
    this.#view.setUint32(at, id.lo, true);
    this.#view.setUint32(at + 4, id.hi, true);
  }

  /** Writes the shortest varint. @throws RangeError for what is not an integer in 0 … 2^53−1. */
  varint(value: number): void {
    const size = varintSize(value);
    if (this.#has(size)) putVarint(this.#view, this.#move(size), value);
  }

  /** Writes `source[from … from + length)`. */
  copy(source: Uint8Array, from = 0, length: number = source.length - from): void {
    if (!this.#has(length)) return;
    const at = this.#move(length);
    // A view costs more than these few bytes.
    if (length <= 64) for (let i = 0; i < length; i++) this.bytes[at + i] = source[from + i] ?? 0;
    else if (length === source.length) this.bytes.set(source, at);
    else this.bytes.set(source.subarray(from, from + length), at);
  }

  /** Overwrites the byte at `offset`, which was written before. */
  patchU8(offset: number, value: number): void {
    this.#view.setUint8(offset, value);
  }

  /** Overwrites the 16 bits at `offset`, which were written before. */
  patchU16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true);
  }

  #has(length: number): boolean {
    if (this.overflowed || length > this.#end - this.offset) this.overflowed = true;
    return !this.overflowed;
  }

  #move(length: number): number {
    const at = this.offset;
    this.offset = at + length;
    return at;
  }
}
