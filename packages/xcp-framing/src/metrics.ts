import {
  CodecId,
  type Counter,
  type Gauge,
  type Histogram,
  JsonShareMeter,
  type Meter,
} from "@proj/wire-types";
import { xcpCodeOf } from "./errors.js";

/** Bounds for times of messages and handshakes, in seconds: 100 µs to 10 s. */
const TIME_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What all connections that report to one meter hold together. */
interface Levels {
  connections: number;
  inflightSent: number;
  inflightReceived: number;
  partialBytes: number;
  queuedBytes: number;
}

/** A direction as labels name it. */
export type DirectionLabel = "sent" | "received";

/** The metrics of all XCP connections of one process. spec/xcp.md §21 */
export class XcpMetrics {
  readonly frames: Counter;
  readonly bytes: Counter;
  readonly messages: Counter;
  readonly errors: Counter;
  readonly duplicates: Counter;
  readonly retransmissions: Counter;
  readonly crcErrors: Counter;
  readonly requestLatency: Histogram;
  readonly handshakeTime: Histogram;
  readonly epoch: Gauge;
  /** DATA bytes of all connections, for the JSON share of the process. §15.4 */
  readonly shares: Readonly<Record<DirectionLabel, JsonShareMeter>> = {
    sent: new JsonShareMeter(),
    received: new JsonShareMeter(),
  };
  readonly #jsonShare: Gauge;
  readonly #connections: Gauge;
  readonly #inflight: Gauge;
  readonly #partialBytes: Gauge;
  readonly #queuedBytes: Gauge;
  readonly #levels: Levels = {
    connections: 0,
    inflightSent: 0,
    inflightReceived: 0,
    partialBytes: 0,
    queuedBytes: 0,
  };

  constructor(meter: Meter) {
    const direction = ["direction"];
    this.frames = meter.counter({
      name: "xcp_frames_total",
      help: "Frames by direction.",
      labels: direction,
    });
    this.bytes = meter.counter({
      name: "xcp_bytes_total",
      help: "Bytes of whole frames by direction.",
      labels: direction,
    });
    this.messages = meter.counter({
      name: "xcp_messages_total",
      help: "Whole messages by direction and body codec.",
      labels: ["direction", "codec"],
    });
    this.errors = meter.counter({
      name: "xcp_errors_total",
      help: "NACK and ERROR frames by direction and code.",
      labels: ["direction", "code"],
    });
    this.duplicates = meter.counter({
      name: "xcp_duplicates_total",
      help: "Messages that arrived again and were dropped.",
    });
    this.retransmissions = meter.counter({
      name: "xcp_retransmissions_total",
      help: "Messages that were sent again.",
    });
    this.crcErrors = meter.counter({
      name: "xcp_crc_errors_total",
      help: "Frames whose CRC was wrong.",
    });
    this.requestLatency = meter.histogram({
      name: "xcp_request_latency_seconds",
      help: "Time from a request to its outcome.",
      buckets: TIME_BUCKETS,
    });
    this.handshakeTime = meter.histogram({
      name: "xcp_handshake_seconds",
      help: "Time from a transport to an open connection.",
      buckets: TIME_BUCKETS,
    });
    this.epoch = meter.gauge({
      name: "xcp_epoch",
      help: "Key epoch that was entered last, by direction.",
      labels: direction,
    });
    this.#jsonShare = meter.gauge({
      name: "xcp_json_share_ratio",
      help: "Part of the DATA bytes of the last 60 s that was JSON, by direction.",
      labels: direction,
    });
    this.#connections = meter.gauge({ name: "xcp_connections", help: "Open connections." });
    this.#inflight = meter.gauge({
      name: "xcp_inflight_messages",
      help: "Messages without outcome: sent ones at the peer, received ones at the application.",
      labels: direction,
    });
    this.#partialBytes = meter.gauge({
      name: "xcp_partial_bytes",
      help: "Bytes of messages that arrived in part.",
    });
    this.#queuedBytes = meter.gauge({
      name: "xcp_queued_bytes",
      help: "Bytes that wait to be written.",
    });
  }

  /** Moves the levels by what one connection's changed. */
  shift(change: Readonly<Levels>): void {
    const levels = this.#levels;
    levels.connections += change.connections;
    levels.inflightSent += change.inflightSent;
    levels.inflightReceived += change.inflightReceived;
    levels.partialBytes += change.partialBytes;
    levels.queuedBytes += change.queuedBytes;
    this.#connections.set(levels.connections);
    this.#inflight.set(levels.inflightSent, { direction: "sent" });
    this.#inflight.set(levels.inflightReceived, { direction: "received" });
    this.#partialBytes.set(levels.partialBytes);
    this.#queuedBytes.set(levels.queuedBytes);
  }

  /** Publishes the JSON share of the process. */
  publishShares(nowUs: number): void {
    for (const direction of ["sent", "received"] as const) {
      this.#jsonShare.set(this.shares[direction].share(nowUs), { direction });
    }
  }
}

const byMeter = new WeakMap<Meter, XcpMetrics>();

/** The metrics that report to `meter`; one set per meter, so that connections add up. */
export function metricsOf(meter: Meter): XcpMetrics {
  let metrics = byMeter.get(meter);
  if (metrics === undefined) {
    metrics = new XcpMetrics(meter);
    byMeter.set(meter, metrics);
  }
  return metrics;
}

const codecNames = new Map<number, string>(Object.entries(CodecId).map(([name, id]) => [id, name]));

/** The name of a codec as a label. */
export function codecLabel(codec: number): string {
  return codecNames.get(codec) ?? `0x${codec.toString(16).padStart(4, "0")}`;
}

/** The name of an error code as a label. */
export function errorLabel(wire: number): string {
  return xcpCodeOf(wire) ?? `0x${wire.toString(16).padStart(4, "0")}`;
}
