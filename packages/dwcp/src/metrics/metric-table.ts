import { encodingMetrics } from "./encoding-metrics.js";
import { streamMetrics } from "./stream-metrics.js";
import { systemMetrics } from "./system-metrics.js";

/** One metric: what it counts, for people and for programs. */
export interface MetricSpec {
  /** As Prometheus has it. */
  readonly type: "counter" | "gauge" | "histogram";
  /** What it counts, for people. */
  readonly help: string;
  /** Labels beside `node`. Never the number of a stream: that would make series without end. */
  readonly labels: readonly string[];
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

/** The name of a metric. */
export type MetricName =
  | keyof typeof systemMetrics
  | keyof typeof streamMetrics
  | keyof typeof encodingMetrics;

/** Every metric of a node: dashboards, alerts and documents are made from it. spec/dwcp.md B17 */
export const DwcpMetricTable: Readonly<Record<MetricName, MetricSpec>> = {
  ...systemMetrics,
  ...streamMetrics,
  ...encodingMetrics,
};
