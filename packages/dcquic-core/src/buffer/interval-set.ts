import { IntervalSet as Intervals } from "@proj/wire-types";
import { WireLimit } from "../wire/constants.js";
import type { RangeList } from "../wire/ranges.js";

/**
 * A set of positions that says what it lacks in the words of the wire.
 *
 * @see spec/dcquic.md §22
 */
export class IntervalSet extends Intervals {
  /** Appends what is missing in `start … end` to `into`, as long as it has room. Returns how many positions were appended. */
  missing(start: number, end: number, into: RangeList): number {
    let total = 0;
    let at = this.firstGap(start);
    while (at < end && into.count < WireLimit.maxRanges) {
      const until = Math.min(end, this.firstHeld(at));
      if (!into.add(at, until)) break;
      total += until - at;
      at = this.firstGap(until);
    }
    return total;
  }
}
