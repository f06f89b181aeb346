import { SbeError } from "./errors.js";
import {
  type DimensionLayout,
  largestUnsigned,
  type UnsignedPart,
  writeUnsigned,
} from "./layout.js";
import { type EncoderCursor, TailEncoder } from "./tail-encoder.js";

/** What the schema fixes about a group's entries. */
export interface GroupLayout {
  /** The dimensions before the entries. */
  readonly dimensions: DimensionLayout;
  /** Bytes of an entry's block. */
  readonly blockLength: number;
  /** How many groups an entry has. */
  readonly groups: number;
  /** How many variable-length fields an entry has. */
  readonly data: number;
}

/** A repeating group, written in place: `next()` before each entry, exactly as often as was announced. */
export abstract class GroupEncoder extends TailEncoder {
  readonly #layout: GroupLayout;
  #count = 0;
  #written = 0;

  /** `layout` is what the schema fixes. */
  protected constructor(layout: GroupLayout) {
    super(layout.groups + layout.data);
    this.#layout = layout;
  }

  /** Writes the dimensions of `count` entries. The owner calls it. @throws `RangeError` for too many. */
  begin(view: DataView, cursor: EncoderCursor, count: number): this {
    const { dimensions, blockLength, groups, data } = this.#layout;
    const most = largestUnsigned(dimensions.count.size);
    if (!Number.isInteger(count) || count < 0 || count > most) {
      throw new RangeError(`a group of ${count} entries, at most ${most} fit`);
    }
    this.view = view;
    this.cursor = cursor;
    const at = this.take(dimensions.size);
    const put = (part: UnsignedPart | undefined, value: number): void => {
      if (part !== undefined) {
        writeUnsigned(view, at + part.offset, part.size, value, dimensions.little);
      }
    };
    put(dimensions.blockLength, blockLength);
    put(dimensions.count, count);
    put(dimensions.groups, groups);
    put(dimensions.data, data);
    this.#count = count;
    this.#written = 0;
    return this;
  }

  /** Starts the next entry, with every field null or zero. @throws {@link SbeError} `sbe.out_of_order` after the last. */
  next(): this {
    if (this.#written === this.#count) {
      throw new SbeError("sbe.out_of_order", `the group was begun with ${this.#count} entries`);
    }
    if (this.#written > 0) super.complete();
    this.#written++;
    this.startBlock(this.#layout.blockLength);
    return this;
  }

  /** Ends the group. @throws {@link SbeError} `sbe.out_of_order` when entries are missing. */
  protected override complete(): void {
    if (this.#written < this.#count) {
      throw new SbeError(
        "sbe.out_of_order",
        `${this.#written} of ${this.#count} entries of the group were written`,
      );
    }
    if (this.#count > 0) super.complete();
  }
}
