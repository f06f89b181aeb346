import type { AtomicBuffer } from "../memory/atomic-buffer.js";
import { AeronError } from "../errors.js";

/** Characters that a channel, a label or a reason may have. */
const MAX_TEXT_BYTES = 4_096;

/** Returns the length of US-ASCII text as 32 bits, and the text. */
export function lengthAndText(text: string): Uint8Array {
  const bytes = new Uint8Array(4 + text.length);
  new DataView(bytes.buffer).setInt32(0, text.length, true);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) throw new RangeError(`${JSON.stringify(text)} is not US-ASCII text`);
    bytes[4 + index] = code;
  }
  return bytes;
}

/** The bytes of one record, with their bounds. Every read outside them is `aeron.malformed_command`. */
export class RecordBody {
  readonly #buffer: AtomicBuffer;
  readonly #offset: number;
  readonly #length: number;

  /** `offset` and `length` are those of the record in `buffer`. */
  constructor(buffer: AtomicBuffer, offset: number, length: number) {
    this.#buffer = buffer;
    this.#offset = offset;
    this.#length = length;
  }

  /** Checks that the record has `end` bytes. */
  need(end: number): void {
    if (end <= this.#length) return;
    throw new AeronError(
      "aeron.malformed_command",
      `a record of ${this.#length} bytes, at least ${end} are needed`,
    );
  }

  /** Reads a 32-bit integer. */
  i32(at: number): number {
    this.need(at + 4);
    return this.#buffer.view.getInt32(this.#offset + at, true);
  }

  /** Reads a 64-bit integer. */
  i64(at: number): bigint {
    this.need(at + 8);
    return this.#buffer.view.getBigInt64(this.#offset + at, true);
  }

  /** Reads text behind its length. */
  text(at: number): string {
    const length = this.#lengthAt(at);
    return this.#buffer.text(this.#offset + at + 4, length);
  }

  /** Copies bytes behind their length. */
  blob(at: number): Uint8Array {
    const length = this.#lengthAt(at);
    const start = this.#offset + at + 4;
    return this.#buffer.bytes.slice(start, start + length);
  }

  #lengthAt(at: number): number {
    const length = this.i32(at);
    if (length < 0 || length > MAX_TEXT_BYTES) {
      throw new AeronError("aeron.malformed_command", `text of ${length} bytes`);
    }
    this.need(at + 4 + length);
    return length;
  }
}
