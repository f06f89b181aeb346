import { readLeb128 } from "@proj/wire-types";
import { DwcpError } from "../errors.js";

const WORD = 2 ** 32;
const MAX_HIGH_WORD = 2 ** 21 - 1;
// What fits a 32-bit integer with room for its sign.
const SHORT_VARINT_BYTES = 4;

/**
 * A bounds-checked big-endian cursor. Whatever is read past the end throws `dwcp.protocol`.
 *
 * @see spec/dwcp.md B2
 */
export class NetworkReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** Begins at the first of `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next read begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Reads 8 bits. */
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Reads 16 bits. */
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  /** Reads 32 bits. */
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** Reads 64 bits; a value above 2^53−1 throws `dwcp.protocol`. */
  u64(): number {
    const at = this.#take(8);
    const high = this.#view.getUint32(at);
    if (high > MAX_HIGH_WORD) throw new DwcpError("dwcp.protocol", `2^53 or more at ${at}`);
    return high * WORD + this.#view.getUint32(at + 4);
  }

  /** Reads an unsigned varint (LEB128) of at most 2^53−1. */
  varint(): number {
    let value = 0;
    // Nearly all are short: lists of a unit have thousands, and none of these takes an object.
    for (let size = 0; size < SHORT_VARINT_BYTES; size++) {
      const byte = this.#bytes[this.#offset + size];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << (7 * size);
      if (byte < 0x80) {
        this.#offset += size + 1;
        return value;
      }
    }
    return this.#anyVarint();
  }

  /** Reads a signed varint (zigzag) of at most 2^52 either way. */
  signedVarint(): number {
    const folded = this.varint();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  /** Gives `length` bytes as a view. */
  view(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Gives what is left as a view. */
  rest(): Uint8Array {
    return this.view(this.remaining);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#bytes.length - at) {
      throw new DwcpError(
        "dwcp.protocol",
        `need ${length} bytes at ${at} of ${this.#bytes.length}`,
      );
    }
    this.#offset = at + length;
    return at;
  }

  #anyVarint(): number {
    // The shared decoder says "truncated" where this one says "protocol".
    try {
      const { value, size } = readLeb128(this.#bytes, this.#offset);
      this.#offset += size;
      return value;
    } catch (cause) {
      throw new DwcpError("dwcp.protocol", `no varint at ${this.#offset}`, { cause });
    }
  }
}
