import type { Histogram, Meter } from "@proj/wire-types";
import type { PatternName } from "../stream/pattern-rules.js";

// From a round trip inside a rack to the deadline of a patient caller.
const BUCKETS_S = [
  0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30,
];

/**
 * Measures how long calls take, by pattern and priority.
 *
 * @see spec/dcquic.md §21
 */
export class CallLatency {
  readonly #histogram: Histogram;

  /** Makes its histogram. */
  constructor(meter: Meter) {
    this.#histogram = meter.histogram({
      name: "dcquic_call_duration_seconds",
      help: "From the call to its end, its wait for a path included.",
      labels: ["pattern", "priority", "outcome"],
      buckets: BUCKETS_S,
    });
  }

  /** Notes one call that is over. */
  ended(call: {
    readonly pattern: PatternName;
    readonly priority: number;
    readonly tookUs: number;
    readonly error: unknown;
  }): void {
    const { pattern, priority, tookUs, error } = call;
    const outcome = error === undefined ? "succeeded" : "failed";
    this.#histogram.observe(tookUs / 1e6, { pattern, priority: String(priority), outcome });
  }
}
