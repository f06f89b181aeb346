import type { MetricName } from "../../metrics/metric-table.js";
import type { MetricsBook } from "../../metrics/metrics-book.js";
import type { DwcpNode } from "../dwcp-node.js";
import type { TrafficReading } from "../net/traffic-tally.js";

/** What of a node is measured. */
type Counted = Pick<DwcpNode, "traffic" | "work" | "baselines">;

/** Brings what a node counted into the metrics. Nodes come and go; the metrics only rise. spec/dwcp.md B17 */
export class NodeMetrics {
  readonly #metrics: MetricsBook;
  // What the present node had counted when it was last read.
  readonly #seen = new Map<string, number>();

  constructor(metrics: MetricsBook) {
    this.#metrics = metrics;
  }

  /** Takes the readings of the node that runs. */
  take({ traffic, work, baselines }: Counted): void {
    for (const reading of traffic) {
      this.#gauges(reading);
      this.#counters(reading);
    }
    this.#work(work);
    const bytes = baselines.reduce((sum, { length }) => sum + length, 0);
    this.#metrics.set("dwcp_hde_baseline_bytes", {}, bytes);
  }

  /** Takes the last readings of a node: the next one counts from 0. */
  takeLast({ traffic, work, baselines }: Counted): void {
    const over = { sessions: 0, streams: 0, goodput: 0, inflightBytes: 0 };
    this.take({ traffic: traffic.map((reading) => ({ ...reading, ...over })), work, baselines });
    this.#seen.clear();
  }

  #work({
    units,
    encodeSeconds,
    gains,
    fallbacks,
    integrityFailures,
    level,
  }: Counted["work"]): void {
    for (const gain of gains) {
      const labels = { kind: gain.kind, codec: gain.codec, level: String(gain.level) };
      this.#metrics.set("dwcp_hde_saved_bytes_per_second", labels, gain.savedBytesPerSecond);
    }
    for (const [codec, count] of units) this.#raise("dwcp_hde_units_total", { codec }, count);
    for (const [codec, seconds] of encodeSeconds) {
      this.#raise("dwcp_hde_encode_seconds_total", { codec }, seconds);
    }
    for (const [reason, times] of fallbacks) {
      this.#raise("dwcp_hde_fallbacks_total", { reason }, times);
    }
    for (const [stage, times] of integrityFailures) {
      this.#raise("dwcp_integrity_failures_total", { stage }, times);
    }
    if (level !== undefined) this.#metrics.set("dwcp_hde_level", {}, level);
  }

  #gauges(reading: TrafficReading): void {
    const { peer, sessions, streams, goodput, inflightBytes, minRttUs, smoothedRttUs } = reading;
    const metrics = this.#metrics;
    metrics.set("dwcp_sessions_active", { peer }, sessions);
    metrics.set("dwcp_amst_streams_active", { peer }, streams);
    metrics.set("dwcp_amst_goodput_bytes_per_second", { peer }, goodput);
    metrics.set("dwcp_amst_inflight_bytes", { peer }, inflightBytes);
    if (smoothedRttUs === 0) return;
    metrics.set("dwcp_amst_rtt_seconds", { peer, kind: "min" }, minRttUs / 1e6);
    metrics.set("dwcp_amst_rtt_seconds", { peer, kind: "smoothed" }, smoothedRttUs / 1e6);
  }

  #counters(reading: TrafficReading): void {
    const { peer, repeats, streamDeaths, adjustments } = reading;
    this.#raise("dwcp_amst_bytes_sent_total", { peer }, reading.sentBytes);
    this.#raise("dwcp_amst_bytes_received_total", { peer }, reading.receivedBytes);
    this.#raise("dwcp_amst_unit_bytes_total", { peer }, reading.unitBytes);
    this.#raise("dwcp_session_resumes_total", { peer }, reading.resumes);
    for (const [reason, units] of Object.entries(repeats)) {
      this.#raise("dwcp_amst_retransmitted_units_total", { peer, reason }, units);
    }
    for (const [reason, streams] of streamDeaths) {
      this.#raise("dwcp_amst_stream_deaths_total", { peer, reason }, streams);
    }
    for (const [direction, times] of Object.entries(adjustments)) {
      this.#raise("dwcp_amst_stream_adjustments_total", { peer, direction }, times);
    }
  }

  #raise(name: MetricName, labels: Readonly<Record<string, string>>, total: number): void {
    const key = JSON.stringify([name, ...Object.values(labels)]);
    this.#metrics.add(name, labels, total - (this.#seen.get(key) ?? 0));
    this.#seen.set(key, total);
  }
}
