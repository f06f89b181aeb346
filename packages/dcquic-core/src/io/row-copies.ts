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
  #from: Uint8Array = NO_BYTES;
  #into: Uint8Array = NO_BYTES;

  /** Copies by means of `by`. */
  constructor(by: BatchCopy) {
    this.#by = by;
  }

  /** Has `length` bytes at `at` of `from` copied to `to` of `into`: now, or when {@link RowCopies.run} is called. */
  add(from: Uint8Array, at: number, into: Uint8Array, to: number, length: number): void {
    const isOther = from !== this.#from || into !== this.#into;
    if (isOther || (this.#count + 1) * COPY_ROW > this.#rows.length) this.run();
    if (Math.max(at, to) + length > MAX_OFFSET) {
      copyNow(from, at, into, to, length);
      return;
    }
    this.#from = from;
    this.#into = into;
    const row = this.#count * COPY_ROW;
    this.#rows[row + Copy.from] = at;
    this.#rows[row + Copy.into] = to;
    this.#rows[row + Copy.length] = length;
    this.#count += 1;
  }

  /** Copies what waits. */
  run(): void {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    this.#by.run(this.#from, this.#into, this.#rows, count);
  }
}
