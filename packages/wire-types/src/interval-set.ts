/** A set of positions, such as the bytes of an object that arrived, as ascending, separate intervals. */
export class IntervalSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #covered = 0;

  /** How many positions it holds. */
  get covered(): number {
    return this.#covered;
  }

  /** How many intervals it consists of. */
  get count(): number {
    return this.#starts.length;
  }

  /** Adds `start … end` and returns how many positions were new. */
  add(start: number, end: number): number {
    if (!(end > start)) return 0;
    const last = this.#ends.length - 1;
    // In order, which is nearly always.
    if (last >= 0 && this.#ends[last] === start) {
      this.#ends[last] = end;
      this.#covered += end - start;
      return end - start;
    }
    const from = this.#firstEndingAtOrAfter(start);
    let to = from;
    let [low, high, overlap] = [start, end, 0];
    for (; to < this.#starts.length && (this.#starts[to] ?? 0) <= end; to++) {
      const [s, e] = [this.#starts[to] ?? 0, this.#ends[to] ?? 0];
      overlap += Math.max(0, Math.min(e, end) - Math.max(s, start));
      low = Math.min(low, s);
      high = Math.max(high, e);
    }
    if (to - from === 1) {
      this.#starts[from] = low;
      this.#ends[from] = high;
    } else {
      this.#starts.splice(from, to - from, low);
      this.#ends.splice(from, to - from, high);
    }
    const added = end - start - overlap;
    this.#covered += added;
    return added;
  }

  /** Removes `start … end` and returns how many positions it held. */
  remove(start: number, end: number): number {
    if (!(end > start)) return 0;
    let removed = 0;
    const from = this.#firstEndingAtOrAfter(start + 1);
    const keptStarts: number[] = [];
    const keptEnds: number[] = [];
    let to = from;
    for (; to < this.#starts.length && (this.#starts[to] ?? 0) < end; to++) {
      const [s, e] = [this.#starts[to] ?? 0, this.#ends[to] ?? 0];
      removed += Math.min(e, end) - Math.max(s, start);
      if (s < start) {
        keptStarts.push(s);
        keptEnds.push(start);
      }
      if (e > end) {
        keptStarts.push(end);
        keptEnds.push(e);
      }
    }
    this.#starts.splice(from, to - from, ...keptStarts);
    this.#ends.splice(from, to - from, ...keptEnds);
    this.#covered -= removed;
    return removed;
  }

  /** Whether all of `start … end` is held. */
  covers(start: number, end: number): boolean {
    if (!(end > start)) return true;
    const index = this.#firstEndingAtOrAfter(end);
    return index < this.#starts.length && (this.#starts[index] ?? 0) <= start;
  }

  /** The first position of interval `index`, and with {@link IntervalSet.end} its bounds. */
  start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  /** The position after interval `index`. */
  end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  /** The first position from `from` on that is not held. */
  firstGap(from: number): number {
    const index = this.#firstEndingAtOrAfter(from + 1);
    if (index < this.#starts.length && (this.#starts[index] ?? 0) <= from) {
      return this.#ends[index] ?? from;
    }
    return from;
  }

  /** The first position from `from` on that is held, or Infinity. */
  firstHeld(from: number): number {
    const index = this.#firstEndingAtOrAfter(from + 1);
    if (index >= this.#starts.length) return Number.POSITIVE_INFINITY;
    return Math.max(from, this.#starts[index] ?? from);
  }

  /** Forgets everything. */
  clear(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#covered = 0;
  }

  // Binary search; intervals are separate, so their ends ascend too.
  #firstEndingAtOrAfter(position: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
