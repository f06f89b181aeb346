import { type BatchCopy, checkCopied, checkRows } from "./batch-copy.js";

/** What native/copy.cc exports. */
export interface CopyAddon {
  run(from: Uint8Array, into: Uint8Array, rows: Int32Array, count: number): number;
}

/** Copies by memmove. */
export class NativeCopy implements BatchCopy {
  readonly #addon: CopyAddon;

  /** `addon` is the object that native/copy.cc fills. */
  constructor(addon: CopyAddon) {
    this.#addon = addon;
  }

  /** Copies rows; see {@link BatchCopy.run}. */
  run(from: Uint8Array, into: Uint8Array, rows: Int32Array, count: number): void {
    checkRows(rows, count);
    checkCopied(this.#addon.run(from, into, rows, count), count);
  }
}
