import { SbeError } from "./errors.js";
import { type DimensionLayout, readUnsigned } from "./layout.js";
import { type Cursor, TailDecoder } from "./tail-decoder.js";

/**
 * A repeating group, read in place: one flyweight that moves from entry to entry.
 *
 * `next()` moves it; iterating yields the same object for every entry.
 */
export abstract class GroupDecoder extends TailDecoder implements Iterable<GroupDecoder> {
  /** How many entries the group has. */
  count = 0;
  /** Which entry is being read; -1 before the first. */
  index = -1;
  readonly #layout: DimensionLayout;
  readonly #minBlock: number;
  readonly #minTail: number;

  /**
   * `minBlock` is how many bytes of an entry's block must have been written; `minTail` is what the lengths and dimensions
   * behind it need at least.
   */
  protected constructor(
    layout: DimensionLayout,
    minBlock: number,
    minTail: number,
    members: number,
  ) {
    super(members);
    this.#layout = layout;
    this.#minBlock = minBlock;
    this.#minTail = minTail;
  }

  /**
   * Reads the dimensions at the cursor of the message. The owner calls it.
   *
   * @throws {@link SbeError} `sbe.truncated` when the rest of the message cannot hold so many entries.
   */
  begin(view: DataView, cursor: Cursor, version: number): this {
    const layout = this.#layout;
    const left = cursor.end - cursor.limit - layout.size;
    if (left < 0) throw new SbeError("sbe.truncated", "the message ends before a group");
    const at = cursor.limit;
    const blockLength = readUnsigned(
      view,
      at + layout.blockLength.offset,
      layout.blockLength.size,
      layout.little,
    );
    const count = readUnsigned(view, at + layout.count.offset, layout.count.size, layout.little);
    this.#check(blockLength, count, left);
    cursor.limit = at + layout.size;
    this.cursor = cursor;
    this.lay(view, cursor.limit, blockLength, version);
    this.count = count;
    this.index = -1;
    return this;
  }

  /** Is a group without entries, where the writer's version did not know it. */
  none(view: DataView, cursor: Cursor, version: number): this {
    this.cursor = cursor;
    this.lay(view, cursor.limit, 0, version);
    this.count = 0;
    this.index = -1;
    return this;
  }

  /** Moves to the next entry; false after the last. */
  next(): boolean {
    if (this.index >= 0 && this.index < this.count) super.finish();
    if (this.index + 1 >= this.count) {
      this.index = this.count;
      return false;
    }
    this.index++;
    const { cursor } = this;
    if (this.blockLength > cursor.end - cursor.limit) {
      throw new SbeError("sbe.truncated", `the message ends in entry ${this.index} of a group`);
    }
    this.at = cursor.limit;
    cursor.limit += this.blockLength;
    this.restart();
    return true;
  }

  /** Yields this flyweight at each entry. */
  *[Symbol.iterator](): Generator<this, void, undefined> {
    while (this.next()) yield this;
  }

  /** Moves past the entries that nobody has read. */
  protected override finish(): void {
    while (this.next());
  }

  #check(blockLength: number, count: number, left: number): void {
    if (count === 0) return;
    if (blockLength < this.#minBlock) {
      throw new SbeError(
        "sbe.block_too_short",
        `an entry's block of ${blockLength} bytes, at least ${this.#minBlock} are required`,
      );
    }
    const least = count * Math.max(1, blockLength + this.#minTail);
    if (least > left) {
      throw new SbeError("sbe.truncated", `${count} entries with ${left} bytes left`);
    }
  }
}
