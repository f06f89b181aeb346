import type { Counter, Gauge, Labels, Meter } from "@proj/wire-types";
import type { DistributionCounts } from "../engine/distribution.js";
import type { EngineCounters } from "../engine/counters.js";
import type { EngineStats } from "../engine/engine-stats.js";
import type { EngineLoad } from "../engine/load.js";
import type { DriverMeasure } from "./driver-measure.js";
import { DriverMetrics } from "./driver-metrics.js";
import { GrownCounters } from "./grown-counters.js";

/** What metrics are taken from: an engine has it. */
export interface Measured {
  /** What it counted. */
  readonly counters: Readonly<EngineCounters>;
  /** How it is. */
  readonly stats: EngineStats;
  /** What it has to do. */
  readonly load: EngineLoad;
  /** How late it was called when something fell due; µs. */
  readonly loopGaps: DistributionCounts;
  /** What its driver counted; absent where there is none. */
  readonly driver?: DriverMeasure;
}

const STATE_CHANGES = [
  "dcquic_peer_state_changes_total",
  "Peers that came to a state (§14).",
] as const;

const COUNTERS: Readonly<
  Record<keyof EngineCounters, readonly [name: string, help: string, labels?: Labels]>
> = {
  packetsSent: ["dcquic_sent_packets_total", "Packets of paths that were sent."],
  bytesSent: ["dcquic_sent_bytes_total", "UDP payload that was sent."],
  packetsReceived: ["dcquic_received_packets_total", "Packets that were opened."],
  bytesReceived: ["dcquic_received_bytes_total", "UDP payload that was opened."],
  handedOver: ["dcquic_handed_over_packets_total", "Packets for other workers of the host."],
  payloadSent: ["dcquic_payload_sent_bytes_total", "Payload put on the wire, all copies."],
  payloadReceived: ["dcquic_payload_received_bytes_total", "Payload that arrived first."],
  duplicateBytes: ["dcquic_duplicate_bytes_total", "Payload that was here already."],
  announcementsRepeatedTimer: [
    "dcquic_repeated_announcements_timer_total",
    "Announcements sent again after a timer.",
  ],
  announcementsRepeatedFast: [
    "dcquic_repeated_announcements_fast_total",
    "Announcements sent again before their timer.",
  ],
  pullsRepeatedTimer: ["dcquic_repeated_pulls_timer_total", "Pulls sent again after a timer."],
  pullsRepeatedFast: ["dcquic_repeated_pulls_fast_total", "Pulls sent again before their timer."],
  pullsRepeatedIntegrity: ["dcquic_repeated_pulls_integrity_total", "Pulls of unverified bytes."],
  chunksRepeatedTimer: [
    "dcquic_repeated_chunks_timer_total",
    "Chunks that asked for a late answer.",
  ],
  closesRepeatedTimer: ["dcquic_repeated_closes_timer_total", "Closes sent again after a timer."],
  closesRepeatedFast: [
    "dcquic_repeated_closes_fast_total",
    "Closes sent again before their timer.",
  ],
  challengesRepeatedTimer: ["dcquic_repeated_challenges_timer_total", "Proofs asked for again."],
  challenges: ["dcquic_challenges_total", "Announcements that needed a proof."],
  replayedPackets: ["dcquic_replayed_packets_total", "Packets that came twice."],
  knownAnnouncements: ["dcquic_known_announcements_total", "Announcements that came again."],
  packetsBelowWindow: ["dcquic_below_window_packets_total", "Packets below the window."],
  openFailures: ["dcquic_open_failures_total", "Packets that did not open."],
  rotations: ["dcquic_key_rotations_total", "Control keys that were replaced."],
  keysDerived: ["dcquic_key_derivations_total", "Control keys that were derived."],
  inlineRefused: ["dcquic_inline_refused_total", "Small messages without credit to ride inline."],
  creditWaits: ["dcquic_credit_waits_total", "Times that announcements waited for credit."],
  probes: ["dcquic_probes_total", "PROBEs that were sent."],
  becameHealthy: [...STATE_CHANGES, { state: "healthy" }],
  becameDegraded: [...STATE_CHANGES, { state: "degraded" }],
  becameProbing: [...STATE_CHANGES, { state: "probing" }],
  becameFailed: [...STATE_CHANGES, { state: "failed" }],
  rmaReads: ["dcquic_rma_reads_total", "Reads of peers' memory that brought their bytes."],
  rmaErrors: ["dcquic_rma_read_errors_total", "Reads of peers' memory that failed."],
  ceMarks: ["dcquic_ce_marks_total", "Packets that arrived marked CE."],
};

const GAUGES = {
  entries: ["dcquic_transfers", "Transfers and tombstones in the table."],
  tracked: ["dcquic_causality_slots", "Tracked transfers."],
  outstandingBytes: ["dcquic_pulls_outstanding_bytes", "Bytes asked for and not here yet."],
  timers: ["dcquic_timers", "Timers that are scheduled."],
  closes: ["dcquic_pending_closes", "Closes that wait for an answer."],
} as const;

const LOADS = {
  bandwidth: ["dcquic_bbr_bandwidth_bytes_per_second", "What BBR believes all paths carry."],
  nicBytesPerSecond: ["dcquic_nic_capacity_bytes_per_second", "What its share of the NIC carries."],
  windowBytes: ["dcquic_bbr_window_bytes", "What may be on the way over all paths."],
  inflightBytes: ["dcquic_inflight_bytes", "What is on the way over all paths."],
} as const;

/**
 * Keeps the metrics of one engine: call {@link EngineMetrics.update} now and then.
 *
 * @see spec/dcquic.md §21
 */
export class EngineMetrics {
  readonly #labels: Labels;
  readonly #grown = new GrownCounters();
  readonly #counters = new Map<keyof EngineCounters, readonly [Counter, Labels]>();
  readonly #gaps: Counter;
  readonly #driver: DriverMetrics;
  readonly #gauges = new Map<keyof typeof GAUGES, Gauge>();
  readonly #loads = new Map<keyof typeof LOADS, Gauge>();
  readonly #queued: Gauge;
  readonly #phases: Gauge;
  readonly #rtt: Gauge;
  readonly #goodput: Gauge;
  readonly #efficiency: Gauge;

  /** Makes the instruments; `worker` becomes their label. */
  constructor(meter: Meter, worker: number) {
    const labels = ["worker"];
    this.#labels = { worker: String(worker) };
    for (const [key, [name, help, more = {}]] of Object.entries(COUNTERS)) {
      const counter = meter.counter({ name, help, labels: [...labels, ...Object.keys(more)] });
      this.#counters.set(key as keyof EngineCounters, [counter, { ...this.#labels, ...more }]);
    }
    for (const [key, [name, help]] of Object.entries(GAUGES)) {
      this.#gauges.set(key as keyof typeof GAUGES, meter.gauge({ name, help, labels }));
    }
    for (const [key, [name, help]] of Object.entries(LOADS)) {
      this.#loads.set(key as keyof typeof LOADS, meter.gauge({ name, help, labels }));
    }
    this.#gaps = meter.counter({
      name: "dcquic_loop_gaps_total",
      help: "Times that the worker's loop came late, by how many seconds.",
      labels: ["worker", "at_most"],
    });
    this.#driver = new DriverMetrics(meter, worker);
    this.#queued = meter.gauge({
      name: "dcquic_queued_announcements",
      help: "Announcements that wait for credit or for their turn.",
      labels: ["worker", "priority"],
    });
    this.#phases = meter.gauge({
      name: "dcquic_bbr_paths",
      help: "Paths by the phase of BBR that they are in.",
      labels: ["worker", "phase"],
    });
    this.#rtt = meter.gauge({
      name: "dcquic_path_rtt_seconds",
      help: "Smoothed round trip of the fastest and of the slowest path.",
      labels: ["worker", "path"],
    });
    this.#goodput = meter.gauge({
      name: "dcquic_receive_goodput_ratio",
      help: "Payload that arrived for the first time, of all payload that arrived.",
      labels,
    });
    this.#efficiency = meter.gauge({
      name: "dcquic_wire_efficiency_ratio",
      help: "Payload that arrived for the first time, of all UDP payload of both directions.",
      labels,
    });
  }

  /** Takes the present numbers of the engine. */
  update({ counters, stats, load, loopGaps, driver }: Measured): void {
    const labels = this.#labels;
    for (const [key, [counter, all]] of this.#counters) {
      this.#grown.tell(key, counter, counters[key], all);
    }
    this.#grown.tellDistribution("gaps", this.#gaps, loopGaps, { labels, scale: 1e6 });
    if (driver !== undefined) this.#driver.update(driver);
    for (const [key, gauge] of this.#gauges) gauge.set(stats[key], this.#labels);
    this.#updateLoad(load);
    const { bytesReceived, bytesSent, duplicateBytes, payloadReceived } = counters;
    const arrived = payloadReceived + duplicateBytes;
    this.#goodput.set(arrived === 0 ? 1 : payloadReceived / arrived, this.#labels);
    const wire = bytesReceived + bytesSent;
    this.#efficiency.set(wire === 0 ? 1 : payloadReceived / wire, this.#labels);
  }

  #updateLoad(load: EngineLoad): void {
    for (const [key, gauge] of this.#loads) gauge.set(load[key], this.#labels);
    for (const [priority, depth] of load.queued.entries()) {
      this.#queued.set(depth, { ...this.#labels, priority: String(priority) });
    }
    for (const [phase, paths] of Object.entries(load.phases)) {
      this.#phases.set(paths, { ...this.#labels, phase });
    }
    this.#rtt.set(load.leastRttUs / 1e6, { ...this.#labels, path: "fastest" });
    this.#rtt.set(load.mostRttUs / 1e6, { ...this.#labels, path: "slowest" });
  }
}
