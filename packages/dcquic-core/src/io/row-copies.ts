import { type BatchCopy, Copy, COPY_ROW } from "@proj/native-io";
import { copyNow } from "../crypto/packet-batch.js";

const INITIAL_ROWS = 256;
// Columns are unsigned.
const MAX_OFFSET = 2 ** 32 - 1;
const NO_BYTES = new Uint8Array(0);

/** Copies that wait until there are enough for one native call, or until their bytes are needed. */
export class RowCopies {
  readonly #by: BatchCopy;
  #rows = new Int32Array(INITIAL_ROWS * COPY_ROW);
  #count = 0;
  // The latest views, where they begin in their memory, and all of that.
  #from: Uint8Array = NO_BYTES;
  #into: Uint8Array = NO_BYTES;
  #fromOffset = 0;
  #intoOffset = 0;
  #fromWhole: Uint8Array = NO_BYTES;
  #intoWhole: Uint8Array = NO_BYTES;

  /** Copies by means of `by`. */
  constructor(by: BatchCopy) {
    this.#by = by;
  }

  /**
   * Has `length` bytes at `at` of `from` copied to `to` of `into`: now, or when {@link RowCopies.run} is called.
   *
   * @throws RangeError where there are no such bytes.
   */
  add(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void {
    if (at + length > from.length || to + length > into.length) {
      throw new RangeError(`${length} bytes at ${at} of ${from.length} to ${to} of ${into.length}`);
    }
    if (from !== this.#from) this.#read(from);
    if (into !== this.#into) this.#write(into);
    if ((this.#count + 1) * COPY_ROW > this.#rows.length) this.run();
    const first = this.#fromOffset + at;
    const target = this.#intoOffset + to;
    if (Math.max(first, target) + length > MAX_OFFSET) {
      this.run();
      copyNow(from, at, into, to, length);
      return;
    }
    const row = this.#count * COPY_ROW;
    this.#rows[row + Copy.from] = first;
    this.#rows[row + Copy.into] = target;
    this.#rows[row + Copy.length] = length;
    this.#count += 1;
  }

  /** Copies what waits. */
  run(): void {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    this.#by.run(this.#fromWhole, this.#intoWhole, this.#rows, count);
  }

  // Rows go by the memory that a view is of: another part of it does not end them.
  #read(from: Uint8Array): void {
    if (from.buffer !== this.#fromWhole.buffer) {
      this.run();
      this.#fromWhole = new Uint8Array(from.buffer);
    }
    this.#from = from;
    this.#fromOffset = from.byteOffset;
  }

  #write(into: Uint8Array): void {
    if (into.buffer !== this.#intoWhole.buffer) {
      this.run();
      this.#intoWhole = new Uint8Array(into.buffer);
    }
    this.#into = into;
    this.#intoOffset = into.byteOffset;
  }
}
