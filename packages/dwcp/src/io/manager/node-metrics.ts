import type { MetricName } from "../../metrics/metric-table.js";
import type { MetricsBook } from "../../metrics/metrics-book.js";
import type { CodecName } from "../../wire/codec.js";
import type { DwcpNode } from "../dwcp-node.js";
import type { TrafficReading } from "../net/traffic-tally.js";

/** What of a node is measured. */
type Counted = Pick<DwcpNode, "traffic" | "ceiling" | "work" | "baselines" | "dictionaries">;

/** What refers to bytes that the peer has already. */
const DELTA_CODECS: ReadonlySet<CodecName> = new Set<CodecName>([
  "SAME",
  "XOR_ZSTD",
  "PREFIX_ZSTD",
  "PAGES",
  "COPYLIT",
  "BSDIFF",
  "JOINT_ZSTD",
  "BSDIFF_BROTLI",
]);

/** Brings what a node counted into the metrics. Nodes come and go; the metrics only rise. spec/dwcp.md B17 */
export class NodeMetrics {
  readonly #metrics: MetricsBook;
  // What the present node had counted when it was last read.
  readonly #seen = new Map<string, number>();

  constructor(metrics: MetricsBook) {
    this.#metrics = metrics;
  }

  /** Takes the readings of the node that runs; it is held to `limit` bytes per second, or to nothing where that is 0. */
  take({ traffic, ceiling, work, baselines, dictionaries }: Counted, limit: number): void {
    this.#metrics.set("dwcp_amst_streams_limit", {}, ceiling.most);
    this.#raise("dwcp_amst_streams_refused_total", {}, ceiling.refused);
    for (const reading of traffic) {
      this.#gauges(reading);
      this.#utilization(reading, limit);
      this.#counters(reading);
    }
    this.#work(work);
    this.#operations(work);
    this.#kept(baselines);
    for (const { resourceClass, heldOutGain } of dictionaries) {
      if (heldOutGain === undefined) continue;
      const labels = { resource_class: resourceClass };
      this.#metrics.set("dwcp_hde_dictionary_efficiency_percent", labels, 100 * heldOutGain);
    }
  }

  /** Takes the last readings of a node: the next one counts from 0. */
  takeLast({ traffic, ceiling, work, baselines, dictionaries }: Counted): void {
    const over = { sessions: 0, streams: 0, goodput: 0, inflightBytes: 0 };
    const last = traffic.map((reading) => ({ ...reading, ...over }));
    this.take({ traffic: last, ceiling, work, baselines, dictionaries }, 0);
    this.#seen.clear();
  }

  #kept(baselines: Counted["baselines"]): void {
    const bytes = baselines.reduce((sum, { length }) => sum + length, 0);
    this.#metrics.set("dwcp_hde_baseline_bytes", {}, bytes);
    const whole = baselines.filter(({ chainLength }) => chainLength <= 1).length;
    const count = (baseline_type: string, states: number): void =>
      this.#metrics.set("dwcp_hde_baseline_count", { baseline_type }, states);
    count("whole", whole);
    count("delta", baselines.length - whole);
  }

  #operations(work: Counted["work"]): void {
    const { units, fallbacks, integrityFailures, decodedUnits } = work;
    const encoded = sumOf(units.values());
    const tell = (operation: string, result: string, total: number): void => {
      this.#raise("dwcp_hde_operations_total", { operation, result }, total);
    };
    tell("encode", "ok", encoded);
    tell("encode", "again", sumOf(fallbacks.values()));
    tell("decode", "ok", decodedUnits);
    tell("decode", "failed", integrityFailures.get("unit") ?? 0);
    this.#raise("dwcp_hde_bytes_original_total", {}, work.originalBytes);
    this.#raise("dwcp_hde_bytes_compressed_total", {}, work.encodedBytes);
    if (encoded === 0) return;
    const hits = sumOf([...units].map(([codec, count]) => (DELTA_CODECS.has(codec) ? count : 0)));
    this.#metrics.set("dwcp_hde_delta_hit_rate_percent", {}, (100 * hits) / encoded);
  }

  // Of what is configured where it is; else of what the path carried at its best, once that is known.
  #utilization({ peer, goodput, bandwidth }: TrafficReading, limit: number): void {
    const source = limit > 0 ? "configured" : "estimated";
    const capacity = limit > 0 ? limit : bandwidth;
    if (capacity === 0) return;
    const percent = (100 * goodput) / capacity;
    this.#metrics.set("dwcp_amst_bandwidth_utilization_percent", { peer, source }, percent);
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
    for (const [result, streams] of Object.entries(reading.openings)) {
      this.#raise("dwcp_amst_streams_total", { peer, result }, streams);
    }
    for (const [reason, streams] of streamDeaths) {
      const fresh = this.#raise("dwcp_amst_stream_deaths_total", { peer, reason }, streams);
      if (fresh > 0) this.#metrics.add("dwcp_amst_errors_total", { error_type: reason }, fresh);
    }
    for (const [direction, times] of Object.entries(adjustments)) {
      this.#raise("dwcp_amst_stream_adjustments_total", { peer, direction }, times);
    }
  }

  // Gives by how much it rose.
  #raise(name: MetricName, labels: Readonly<Record<string, string>>, total: number): number {
    const key = JSON.stringify([name, ...Object.values(labels)]);
    const fresh = total - (this.#seen.get(key) ?? 0);
    this.#metrics.add(name, labels, fresh);
    this.#seen.set(key, total);
    return fresh;
  }
}

function sumOf(counts: Iterable<number>): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
