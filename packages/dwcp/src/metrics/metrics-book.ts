import { DwcpMetricTable, type MetricName, type MetricSpec } from "./metric-table.js";

/** Names and values that tell the series of a metric apart. */
export type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly labels: Labels;
  value: number;
  /** Observations per bucket, of a histogram. */
  readonly counts: number[];
  count: number;
}

/** The metrics of one node, and their text as Prometheus reads it. spec/dwcp.md B17 */
export class MetricsBook {
  readonly #node: string;
  readonly #series = new Map<MetricName, Map<string, Series>>();

  /** `node` is a label of every series. */
  constructor(node: string) {
    this.#node = node;
  }

  /** Adds to a counter, or to a gauge. */
  add(name: MetricName, labels: Labels = {}, by = 1): void {
    this.#of(name, labels).value += by;
  }

  /** Sets a gauge. */
  set(name: MetricName, labels: Labels, value: number): void {
    this.#of(name, labels).value = value;
  }

  /** Counts a value of a histogram. */
  observe(name: MetricName, labels: Labels, value: number): void {
    const series = this.#of(name, labels);
    series.value += value;
    series.count += 1;
    for (const [i, bound] of (DwcpMetricTable[name].buckets ?? []).entries()) {
      if (value <= bound) series.counts[i] = (series.counts[i] ?? 0) + 1;
    }
  }

  /** The value of a counter or gauge; 0 where nothing was counted. */
  value(name: MetricName, labels: Labels = {}): number {
    return this.#series.get(name)?.get(keyOf(labels))?.value ?? 0;
  }

  /** The text format of Prometheus. */
  render(): string {
    const lines: string[] = [];
    for (const [name, spec] of Object.entries(DwcpMetricTable)) {
      lines.push(`# HELP ${name} ${spec.help}`, `# TYPE ${name} ${spec.type}`);
      for (const series of this.#series.get(name as MetricName)?.values() ?? []) {
        lines.push(...this.#lines(name, spec, series));
      }
    }
    return `${lines.join("\n")}\n`;
  }

  #lines(name: string, spec: MetricSpec, { labels, value, counts, count }: Series): string[] {
    const own = { node: this.#node, ...labels };
    if (spec.type !== "histogram") return [`${name}${labelText(own)} ${value}`];
    const buckets = (spec.buckets ?? []).map(
      (bound, i) => `${name}_bucket${labelText({ ...own, le: String(bound) })} ${counts[i] ?? 0}`,
    );
    return [
      ...buckets,
      `${name}_bucket${labelText({ ...own, le: "+Inf" })} ${count}`,
      `${name}_sum${labelText(own)} ${value}`,
      `${name}_count${labelText(own)} ${count}`,
    ];
  }

  #of(name: MetricName, labels: Labels): Series {
    const wanted = DwcpMetricTable[name].labels;
    const given = Object.keys(labels);
    if (given.length !== wanted.length || given.some((label) => !wanted.includes(label))) {
      throw new TypeError(`${name} has the labels ${wanted.join(", ")}`);
    }
    let byLabels = this.#series.get(name);
    if (byLabels === undefined) this.#series.set(name, (byLabels = new Map<string, Series>()));
    const key = keyOf(labels);
    let series = byLabels.get(key);
    if (series === undefined) {
      byLabels.set(key, (series = { labels, value: 0, counts: [], count: 0 }));
    }
    return series;
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return `{${pairs.join(",")}}`;
}
