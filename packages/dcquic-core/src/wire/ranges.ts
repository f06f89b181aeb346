import { WireLimit } from "./constants.js";
import { malformed, type WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

/**
 * Up to 64 ascending, separate ranges, as frames carry them. Reused: reading overwrites it.
 *
 * @see spec/dcquic.md §17.3
 */
export class RangeList {
  /** How many ranges it holds. */
  count = 0;
  readonly #starts = new Float64Array(WireLimit.maxRanges);
  readonly #ends = new Float64Array(WireLimit.maxRanges);

  /** First position of range `index`. */
  start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  /** The position after range `index`. */
  end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  /** Forgets all ranges. */
  clear(): void {
    this.count = 0;
  }

  /**
   * Adds `start … end` after what is there, joining it when it touches; `false` when the list is full.
   *
   * @throws RangeError for an empty range, or one that begins before the last one ended.
   */
  add(start: number, end: number): boolean {
    const last = this.count === 0 ? -1 : this.end(this.count - 1);
    if (!(end > start) || start < last) throw new RangeError(`${start}…${end} after ${last}`);
    if (start === last) {
      this.#ends[this.count - 1] = end;
      return true;
    }
    if (this.count === WireLimit.maxRanges) return false;
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.count += 1;
    return true;
  }
}

/** Writes a range list. */
export function encodeRanges(writer: WireWriter, ranges: RangeList): void {
  writer.varint(ranges.count);
  let from = 0;
  for (let i = 0; i < ranges.count; i++) {
    writer.varint(ranges.start(i) - from);
    writer.varint(ranges.end(i) - ranges.start(i));
    from = ranges.end(i);
  }
}

/**
 * Reads a range list into `into`.
 *
 * @throws DcquicError `dcquic.malformed` for more than 64 ranges, an empty one, a gap of 0, or an end above 2^53−1.
 */
export function decodeRanges(reader: WireReader, into: RangeList): void {
  into.clear();
  const count = reader.varintUpTo(WireLimit.maxRanges, "a count of ranges");
  let from = 0;
  for (let i = 0; i < count; i++) {
    const gap = reader.varint();
    const length = reader.varint();
    const end = from + gap + length;
    if ((i > 0 && gap === 0) || length === 0 || end > Number.MAX_SAFE_INTEGER) {
      throw malformed(`range ${i} of length ${length} after a gap of ${gap}`);
    }
    into.add(from + gap, end);
    from = end;
  }
}
