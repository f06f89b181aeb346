/** How loud a log record is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** One structured log record: never payloads, keys or credentials. */
export interface LogRecord {
  /** How loud. */
  readonly level: LogLevel;
  /** The permanent name of what happened, `package.snake_case`. */
  readonly event: string;
  /** Small facts: ids, sizes, codes. */
  readonly fields: Readonly<Record<string, string | number | bigint | boolean | undefined>>;
}

/** Takes log records. Adapters live in the application. */
export interface LogSink {
  /** Takes one record; must not throw. */
  log(record: LogRecord): void;
}

/** Label values of a metric, by label name. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  /** Adds `amount` ≥ 0. */
  add(amount: number, labels?: Labels): void;
}

/** A number that goes up and down. */
export interface Gauge {
  /** Replaces the value. */
  set(value: number, labels?: Labels): void;
}

/** A distribution. */
export interface Histogram {
  /** Adds one observation. */
  observe(value: number, labels?: Labels): void;
}

/** What a metric is called and means. */
export interface MetricDescription {
  /** `snake_case` with its unit last: `xcp_request_latency_seconds`. */
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  /** Names of all labels that observations carry. */
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[];
}

/** Makes instruments. Asking twice for one name gives the same instrument. */
export interface Meter {
  /** Makes a counter. */
  counter(description: MetricDescription): Counter;
  /** Makes a gauge. */
  gauge(description: MetricDescription): Gauge;
  /** Makes a histogram. */
  histogram(description: MetricDescription): Histogram;
}

/** An operation being timed. */
export interface Span {
  /** Ends it, once; `error` marks it as failed. */
  end(error?: unknown): void;
}

/** Starts spans. */
export interface Tracer {
  /** Starts a span; `traceparent` (W3C) continues a remote trace. */
  start(name: string, attributes: Labels, traceparent?: string): Span;
}

/** Everything a component may report to. */
export interface Telemetry {
  /** Structured logs. */
  readonly log: LogSink;
  /** Metrics. */
  readonly meter: Meter;
  /** Traces. */
  readonly tracer: Tracer;
}

const nothing = (): void => undefined;
const noInstrument = { add: nothing, set: nothing, observe: nothing };
const noSpan: Span = { end: nothing };

/** Reports to nobody. */
export const silentTelemetry: Telemetry = {
  log: { log: nothing },
  meter: {
    counter: () => noInstrument,
    gauge: () => noInstrument,
    histogram: () => noInstrument,
  },
  tracer: { start: () => noSpan },
};
