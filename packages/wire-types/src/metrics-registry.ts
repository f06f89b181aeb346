import type { Counter, Gauge, Histogram, Labels, Meter, MetricDescription } from "./events.js";

/** Options of {@link MetricsRegistry}. */
export interface MetricsRegistryOptions {
  /**
   * Label combinations kept for one metric. Further ones are counted together, with {@link OVERFLOW_LABEL} as the
   * value of every label, so that labels taken from peers cannot fill the memory. Default 1000.
   */
  readonly maxSeries?: number;
}

/** The value of every label once a metric has too many combinations. */
export const OVERFLOW_LABEL = "overflow";

/** One combination of label values and its number. */
export interface MetricSample {
  /** Every label of the metric. */
  readonly labels: Labels;
  /** The count or level. */
  readonly value: number;
}

/** One combination of label values and its distribution. */
export interface HistogramSample {
  /** Every label of the metric. */
  readonly labels: Labels;
  /** Number of observations. */
  readonly count: number;
  /** Sum of the observations. */
  readonly sum: number;
  /** Observations at or below each of the metric's bounds: cumulative, without the last bucket, which is `count`. */
  readonly buckets: readonly number[];
}

/** One metric as it stood at one moment. */
export type MetricSnapshot = {
  /** `snake_case` with its unit last. */
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
} & (
  | { readonly kind: "counter" | "gauge"; readonly samples: readonly MetricSample[] }
  | {
      readonly kind: "histogram";
      readonly bounds: readonly number[];
      readonly samples: readonly HistogramSample[];
    }
);

type Kind = MetricSnapshot["kind"];

/** Collects metrics in memory, for exposition and for tests. */
export class MetricsRegistry implements Meter {
  readonly #metrics = new Map<string, Metric>();
  readonly #maxSeries: number;

  /** Starts without metrics. */
  constructor(options: MetricsRegistryOptions = {}) {
    this.#maxSeries = options.maxSeries ?? 1000;
  }

  /**
   * Makes a counter.
   *
   * @throws TypeError when the name is malformed or was taken by a metric that is described differently.
   */
  counter(description: MetricDescription): Counter {
    const metric = this.#metric("counter", description);
    return {
      add: (amount, labels) => {
        if (!(amount >= 0)) throw new RangeError(`a counter grows, not by ${amount}`);
        metric.series(labels).value += amount;
      },
    };
  }

  /** Makes a gauge. @throws TypeError as {@link MetricsRegistry.counter}. */
  gauge(description: MetricDescription): Gauge {
    const metric = this.#metric("gauge", description);
    return {
      set: (value, labels) => {
        metric.series(labels).value = value;
      },
    };
  }

  /** Makes a histogram. @throws TypeError as {@link MetricsRegistry.counter}. */
  histogram(description: MetricDescription): Histogram {
    const metric = this.#metric("histogram", description);
    return {
      observe: (value, labels) => {
        if (Number.isNaN(value)) throw new RangeError("a histogram takes numbers");
        const series = metric.series(labels);
        series.value += value;
        series.count++;
        const bucket = metric.bounds.findIndex((bound) => value <= bound);
        if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
      },
    };
  }

  /** Copies the state of every metric, in the order in which they were made. */
  snapshot(): readonly MetricSnapshot[] {
    return Array.from(this.#metrics.values(), (metric) => metric.snapshot());
  }

  /**
   * Reads one number: a counter's or gauge's value, a histogram's count. 0 before the first observation; `undefined`
   * when there is no such metric.
   */
  value(name: string, labels: Labels = {}): number | undefined {
    const metric = this.#metrics.get(name);
    if (metric === undefined) return undefined;
    const series = metric.find(labels);
    return metric.kind === "histogram" ? (series?.count ?? 0) : (series?.value ?? 0);
  }

  #metric(kind: Kind, description: MetricDescription): Metric {
    const metric = new Metric(kind, description, this.#maxSeries);
    const known = this.#metrics.get(description.name);
    if (known === undefined) {
      this.#metrics.set(description.name, metric);
      return metric;
    }
    if (known.signature !== metric.signature) {
      throw new TypeError(`metric ${description.name} exists and is described differently`);
    }
    return known;
  }
}

interface Series {
  readonly labels: Labels;
  value: number;
  count: number;
  readonly buckets: number[];
}

const metricName = /^[a-z_][a-z0-9_]*$/;

class Metric {
  readonly kind: Kind;
  readonly name: string;
  readonly help: string;
  readonly bounds: readonly number[];
  readonly #labelNames: readonly string[];
  readonly #maxSeries: number;
  readonly #series = new Map<string, Series>();

  constructor(kind: Kind, description: MetricDescription, maxSeries: number) {
    this.kind = kind;
    this.name = description.name;
    this.help = description.help;
    this.bounds = [...(description.buckets ?? [])];
    this.#labelNames = [...(description.labels ?? [])];
    this.#maxSeries = maxSeries;
    for (const name of [this.name, ...this.#labelNames]) {
      if (!metricName.test(name)) throw new TypeError(`"${name}" is not a name for metrics`);
    }
    if (this.bounds.some((bound, i) => !(bound > (this.bounds[i - 1] ?? -Infinity)))) {
      throw new TypeError(`the buckets of ${this.name} do not ascend`);
    }
    if (this.#labelNames.length === 0 && kind !== "histogram") this.series();
  }

  // Two descriptions with one signature mean the same instrument.
  get signature(): string {
    return JSON.stringify([this.kind, this.bounds, this.#labelNames]);
  }

  find(labels: Labels): Series | undefined {
    return this.#series.get(this.#key(labels));
  }

  series(labels: Labels = {}): Series {
    const key = this.#key(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const full = this.#series.size >= this.#maxSeries;
    const names = this.#labelNames;
    const kept = Object.fromEntries(
      names.map((name) => [name, full ? OVERFLOW_LABEL : (labels[name] ?? "")]),
    );
    if (full) {
      const overflow = this.#series.get(this.#key(kept));
      if (overflow !== undefined) return overflow;
    }
    const series = { labels: kept, value: 0, count: 0, buckets: this.bounds.map(() => 0) };
    this.#series.set(this.#key(kept), series);
    return series;
  }

  snapshot(): MetricSnapshot {
    const { kind, name, help, bounds } = this;
    const all = [...this.#series.values()];
    if (kind !== "histogram") {
      return { kind, name, help, samples: all.map(({ labels, value }) => ({ labels, value })) };
    }
    const samples = all.map(({ labels, count, value, buckets }) => {
      let below = 0;
      return { labels, count, sum: value, buckets: buckets.map((here) => (below += here)) };
    });
    return { kind, name, help, bounds, samples };
  }

  #key(labels: Labels): string {
    for (const name in labels) {
      if (!this.#labelNames.includes(name)) {
        throw new TypeError(`metric ${this.name} has no label "${name}"`);
      }
    }
    return this.#labelNames.map((name) => JSON.stringify(labels[name] ?? "")).join();
  }
}
