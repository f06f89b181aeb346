/** How often values fell where; plain data, for metrics. */
export interface DistributionCounts {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** How many values were at most each bound and above the one before; the last are those above all bounds. */
  readonly counts: readonly number[];
}

/** Counts values by bounds. Fewer than ten bounds: it looks at them one by one. */
export class Distribution implements DistributionCounts {
  /** See {@link DistributionCounts}. */
  readonly bounds: readonly number[];
  /** See {@link DistributionCounts}. */
  readonly counts: number[];

  /** Counts nothing yet. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Counts a value. */
  add(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  /** A copy that counts no further, for another thread. */
  get copy(): DistributionCounts {
    return { bounds: this.bounds, counts: [...this.counts] };
  }
}
