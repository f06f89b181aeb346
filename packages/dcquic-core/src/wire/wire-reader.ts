import { DcquicError } from "../errors.js";
import type { Id64 } from "./id64.js";
import { getVarint, MAX_VARINT, varintSizeOf } from "./varint.js";

const WORD = 2 ** 32;
const MAX_HIGH_WORD = 2 ** 21 - 1;

const NOTHING = new Uint8Array(0);

/**
 * A bounds-checked little-endian cursor that is aimed at one packet after the other in a slab, so that reading a packet
 * makes no object.
 *
 * Every read past the end throws `dcquic.malformed`.
 */
export class WireReader {
  /** Bytes of the slab. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the next read begins, in the slab. */
  offset = 0;
  /** Where reading ends, in the slab. */
  end = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Aims at `offset … end` of `bytes`, seen through `view`, which starts where `bytes` does. */
  aim(bytes: Uint8Array, view: DataView, offset: number, end: number): this {
    if (offset < 0 || offset > end || end > bytes.length) {
      throw new RangeError(`${offset}…${end} is outside a slab of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.#view = view;
    this.offset = offset;
    this.end = end;
    return this;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  /** Reads an unsigned byte. */
  u8(): number {
    return this.#view.getUint8(this.take(1));
  }

  /** Reads 16 bits. */
  u16(): number {
    return this.#view.getUint16(this.take(2), true);
  }

  /** Reads 32 bits. */
  u32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  /** Reads 48 bits. */
  u48(): number {
    const at = this.take(6);
    return this.#view.getUint32(at, true) + WORD * this.#view.getUint16(at + 4, true);
  }

  /** Reads a 64-bit counter; one above 2^53−1 is malformed. */
  counter(): number {
    const at = this.take(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high > MAX_HIGH_WORD) throw malformed(`a counter of 2^53 or more at ${at}`);
    return this.#view.getUint32(at, true) + WORD * high;
  }

  /** Reads a 64-bit id into `into`. */
  id(into: Id64): void {
    const at = this.take(8);
    into.lo = this.#view.getUint32(at, true);
    into.hi = this.#view.getUint32(at + 4, true);
  }

  /** Reads a varint of any form. */
  varint(): number {
    if (this.remaining < 1) throw malformed(`a varint at the end`);
    const size = varintSizeOf(this.#view.getUint8(this.offset));
    const value = getVarint(this.#view, this.take(size));
    if (value > MAX_VARINT) throw malformed(`a varint of 2^53 or more`);
    return value;
  }

  /** Reads a varint that may be at most `max`. */
  varintUpTo(max: number, what: string): number {
    const value = this.varint();
    if (value > max) throw malformed(`${what} of ${value}, at most ${max}`);
    return value;
  }

  /** Copies the next bytes into the whole of `into`. */
  copyInto(into: Uint8Array): void {
    const at = this.take(into.length);
    for (let i = 0; i < into.length; i++) into[i] = this.bytes[at + i] ?? 0;
  }

  /** Returns a view of the next `length` bytes: copy it before the slab is reused. */
  view(length: number): Uint8Array {
    const at = this.take(length);
    // Most optional fields are absent, and a view is as dear as a small copy.
    return length === 0 ? NOTHING : this.bytes.subarray(at, at + length);
  }

  /** Moves past `length` bytes and returns where they begin. */
  take(length: number): number {
    const at = this.offset;
    if (length > this.end - at) throw malformed(`${length} bytes at ${at} of ${this.end}`);
    this.offset = at + length;
    return at;
  }
}

/** Makes the error of bytes that break the format. */
export function malformed(message: string): DcquicError {
  return new DcquicError("dcquic.malformed", message);
}
