import { type BatchCopy, checkCopied, checkRows } from "./batch-copy.js";
import { Copy, COPY_ROW } from "./layout.js";

/** Copies one after the other. */
export class PortableCopy implements BatchCopy {
  /** Copies rows; see {@link BatchCopy.run}. */
  run(from: Uint8Array, into: Uint8Array, rows: Int32Array, count: number): void {
    checkRows(rows, count);
    for (let row = 0; row < count; row++) {
      const start = column(rows, row, Copy.from);
      const target = column(rows, row, Copy.into);
      const length = column(rows, row, Copy.length);
      if (start + length > from.length || target + length > into.length) checkCopied(row, count);
      into.set(from.subarray(start, start + length), target);
    }
  }
}

function column(rows: Int32Array, row: number, at: number): number {
  return (rows[row * COPY_ROW + at] ?? 0) >>> 0;
}
