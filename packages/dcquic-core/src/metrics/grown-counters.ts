import type { Counter, Labels } from "@proj/wire-types";
import type { DistributionCounts } from "../engine/distribution.js";

/** Tells counters how far totals grew since they were told last: an instrument adds, and what is measured is a sum. */
export class GrownCounters {
  readonly #told = new Map<string, number>();

  /**
   * Brings `counter` to `total`; `series` names the total among those of this object. One of 0 is told too, once: whoever looks
   * at what grows has to see it before it does.
   */
  tell(series: string, counter: Counter, total: number, labels: Labels): void {
    const told = this.#told.get(series);
    if (told !== undefined && total <= told) return;
    counter.add(total - (told ?? 0), labels);
    this.#told.set(series, total);
  }

  /** Brings a counter with the label `at_most` to a distribution, bucket by bucket; bounds are told divided by `scale`. */
  tellDistribution(
    series: string,
    counter: Counter,
    { bounds, counts }: DistributionCounts,
    { labels, scale }: { readonly labels: Labels; readonly scale: number },
  ): void {
    for (const [bucket, count] of counts.entries()) {
      const bound = bounds[bucket];
      const atMost = bound === undefined ? "+Inf" : String(bound / scale);
      this.tell(`${series} ${bucket}`, counter, count, { ...labels, at_most: atMost });
    }
  }
}
