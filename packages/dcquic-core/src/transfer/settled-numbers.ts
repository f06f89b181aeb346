import { IntervalSet } from "../buffer/interval-set.js";

/** How many announcements a path has at once. spec/dcquic.md §20 */
const MAX_GAPS = 65_536;

/**
 * Numbers of announcements of which something is settled for good: that they were offered, or closed.
 *
 * The peer decides which, and may leave out every other one for ever: beyond the number of announcements that a path has, the
 * lowest that are missing count as settled as well.
 */
export class SettledNumbers {
  readonly #held = new IntervalSet();
  readonly #maxGaps: number;

  /** All below `first` are settled from the start: the peer never uses them. */
  constructor(first: number, maxGaps: number = MAX_GAPS) {
    this.#maxGaps = maxGaps;
    this.#held.add(0, first);
  }

  /** How many separate ranges they are. */
  get count(): number {
    return this.#held.count;
  }

  /** Whether `notifySeq` is one of them. */
  has(notifySeq: number): boolean {
    return this.#held.covers(notifySeq, notifySeq + 1);
  }

  /** Settles `start … end`. */
  add(start: number, end: number): void {
    this.#held.add(start, end);
    if (this.#held.count <= this.#maxGaps) return;
    const lowest = this.#held.firstGap(0);
    this.#held.add(lowest, this.#held.firstHeld(lowest));
  }

  /** Settles `start … end`, and tells which of them were not settled before, from one to another; not what the limit adds. */
  addNew(start: number, end: number, added: (start: number, end: number) => void): void {
    for (let at = this.#held.firstGap(start); at < end; at = this.#held.firstGap(at)) {
      const until = Math.min(end, this.#held.firstHeld(at));
      this.add(at, until);
      added(at, until);
    }
  }
}
