import type { Labels, Meter, MetricDescription } from "@proj/wire-types";
import * as prom from "prom-client";
import type { MetricReport } from "../control/reports.js";

/** Metrics of the process, collected for Prometheus. */
export interface Metrics {
  /** Makes instruments for components. */
  readonly meter: Meter;
  /** The text that Prometheus reads. */
  render(): Promise<string>;
  /** The same as values. */
  snapshot(): Promise<readonly MetricReport[]>;
  /** Content type of {@link Metrics.render}. */
  readonly contentType: string;
  /** Has `update` bring instruments up to date whenever the metrics are read. What it throws leaves them as they are. */
  beforeReading(update: () => Promise<void>): void;
  /** Adds a gauge that is computed whenever Prometheus asks. */
  observe(description: MetricDescription, read: () => number): void;
}

interface BaseConfiguration {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: prom.Registry[];
}

const defaultBuckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** Makes an empty registry with the usual metrics of a Node process. */
export function createMetrics(): Metrics {
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry });
  const instruments = new Map<string, unknown>();
  const updates: (() => Promise<void>)[] = [];
  const upToDate = async (): Promise<void> => {
    await Promise.allSettled(updates.map((update) => update()));
  };
  // The registry refuses a second kind of instrument under a name.
  const once = <T>(kind: string, name: string, make: () => T): T => {
    const known = instruments.get(`${kind} ${name}`) as T | undefined;
    if (known !== undefined) return known;
    const made = make();
    instruments.set(`${kind} ${name}`, made);
    return made;
  };
  const base = (description: MetricDescription): BaseConfiguration => ({
    name: description.name,
    help: description.help,
    labelNames: [...(description.labels ?? [])],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    render: async () => {
      await upToDate();
      return registry.metrics();
    },
    snapshot: async () => {
      await upToDate();
      return (await registry.getMetricsAsJSON()).map(reportOf);
    },
    beforeReading: (update) => void updates.push(update),
    observe(description, read) {
      once("computed", description.name, () => {
        const gauge: prom.Gauge = new prom.Gauge({
          ...base(description),
          collect: () => gauge.set(read()),
        });
        return gauge;
      });
    },
    meter: {
      counter: (description) =>
        once("counter", description.name, () => {
          const counter = new prom.Counter(base(description));
          return { add: (amount: number, labels: Labels = {}) => counter.inc(labels, amount) };
        }),
      gauge: (description) =>
        once("gauge", description.name, () => {
          const gauge = new prom.Gauge(base(description));
          return { set: (value: number, labels: Labels = {}) => gauge.set(labels, value) };
        }),
      histogram: (description) =>
        once("histogram", description.name, () => {
          const buckets = [...(description.buckets ?? defaultBuckets)];
          const histogram = new prom.Histogram({ ...base(description), buckets });
          return {
            observe: (value: number, labels: Labels = {}) => histogram.observe(labels, value),
          };
        }),
    },
  };
}

function reportOf(metric: prom.MetricObjectWithValues<prom.MetricValue<string>>): MetricReport {
  const { name, help, type, values } = metric;
  return {
    name,
    help,
    type: String(type),
    series: values.map((value: prom.MetricValueWithName<string> | prom.MetricValue<string>) => ({
      name: "metricName" in value ? (value.metricName ?? name) : name,
      labels: Object.fromEntries(
        Object.entries(value.labels).map(([label, text]) => [label, text ?? ""]),
      ),
      value: value.value,
    })),
  };
}
