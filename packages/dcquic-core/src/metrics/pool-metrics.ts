import type { Counter, Gauge, Meter } from "@proj/wire-types";
import type { TransportPool } from "../pool/transport-pool.js";
import { EngineMetrics } from "./engine-metrics.js";
import { GrownCounters } from "./grown-counters.js";
import { RouteMetrics } from "./route-metrics.js";

const GAUGES = {
  openCalls: ["dcquic_open_calls", "Calls that were begun and are not over."],
  streams: ["dcquic_streams", "Streams of both sides that live."],
  waiting: ["dcquic_waiting_messages", "Messages that wait because tables are full."],
  bufferBytes: ["dcquic_buffer_bytes", "Bytes that buffers take."],
} as const;

const COUNTERS = {
  succeeded: ["dcquic_succeeded_calls_total", "Calls that ended in order."],
  failed: ["dcquic_failed_calls_total", "Calls that failed."],
  waited: ["dcquic_waits_total", "Messages that had to wait because tables were full."],
} as const;

/**
 * Keeps the metrics of a pool and of all of its workers: call {@link PoolMetrics.update} before each scrape. How long calls
 * take is measured by the pool itself, which is told the meter when it is made.
 *
 * @see spec/dcquic.md §21
 */
export class PoolMetrics {
  readonly #meter: Meter;
  readonly #engines = new Map<number, EngineMetrics>();
  readonly #gauges = new Map<keyof typeof GAUGES, Gauge>();
  readonly #grown = new GrownCounters();
  readonly #counters = new Map<keyof typeof COUNTERS, Counter>();
  #routes: RouteMetrics | undefined;

  /** Makes the instruments of the pool; those of its workers follow when they are measured. */
  constructor(meter: Meter) {
    this.#meter = meter;
    for (const [key, [name, help]] of Object.entries(GAUGES)) {
      this.#gauges.set(key as keyof typeof GAUGES, meter.gauge({ name, help }));
    }
    for (const [key, [name, help]] of Object.entries(COUNTERS)) {
      this.#counters.set(key as keyof typeof COUNTERS, meter.counter({ name, help }));
    }
  }

  /** Takes the present numbers of a pool. Workers that do not answer keep their last ones. */
  async update(pool: TransportPool): Promise<void> {
    const { stats } = pool;
    for (const [key, gauge] of this.#gauges) gauge.set(stats[key]);
    for (const [key, counter] of this.#counters) this.#grown.tell(key, counter, stats[key], {});
    const measures = await pool.measure();
    if (stats.routes !== undefined) {
      this.#routes ??= new RouteMetrics(this.#meter);
      this.#routes.update(stats.routes, measures);
    }
    for (const { worker, measured } of measures) {
      let engine = this.#engines.get(worker);
      if (engine === undefined) {
        engine = new EngineMetrics(this.#meter, worker);
        this.#engines.set(worker, engine);
      }
      engine.update(measured);
    }
  }
}
