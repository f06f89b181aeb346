import { COPY_ROW } from "./layout.js";

/**
 * Copies of many pieces in one call, also out of memory that threads share, which JavaScript copies word by word.
 */
export interface BatchCopy {
  /**
   * Copies the first `count` rows, in their order, from `from` to `into`: see {@link Copy}.
   *
   * @throws RangeError for a row that lies outside, or is not there. The rows before it are copied.
   */
  run(from: Uint8Array, into: Uint8Array, rows: Int32Array, count: number): void;
}

/** @throws RangeError unless there are so many rows. */
export function checkRows(rows: Int32Array, count: number): void {
  if (count * COPY_ROW > rows.length) throw new RangeError(`fewer than ${count} rows`);
}

/** @throws RangeError unless all rows were copied. */
export function checkCopied(copied: number, count: number): void {
  if (copied !== count)
    throw new RangeError(`row ${copied} of ${count} lies outside of its arrays`);
}
