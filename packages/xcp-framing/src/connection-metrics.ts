import type { LogSink, Telemetry } from "@proj/wire-types";
import {
  codecLabel,
  type DirectionLabel,
  errorLabel,
  metricsOf,
  type XcpMetrics,
} from "./metrics.js";
import type { Session } from "./session.js";
import type { ConnectionStats } from "./stats.js";
import type { DirectionTraffic, Traffic } from "./traffic.js";

const REPORT_EVERY_US = 1_000_000;

interface Reported {
  frames: number;
  bytes: number;
  jsonBytes: number;
  dataBytes: number;
  readonly byCodec: Map<number, number>;
  readonly byError: Map<number, number>;
}

/**
 * Reports one connection to a meter, once a second: messages only count, they do not report.
 *
 * @see spec/xcp.md §15.4, §21
 */
export class ConnectionMetrics {
  readonly #metrics: XcpMetrics;
  readonly #log: LogSink;
  readonly #session: Session;
  readonly #reported: Readonly<Record<DirectionLabel, Reported>> = {
    sent: nothingReported(),
    received: nothingReported(),
  };
  #totals = { duplicates: 0, retransmissions: 0, crcErrors: 0 };
  #levels = {
    connections: 0,
    inflightSent: 0,
    inflightReceived: 0,
    partialBytes: 0,
    queuedBytes: 0,
  };
  #dueUs = 0;

  constructor(telemetry: Telemetry, session: Session) {
    this.#metrics = metricsOf(telemetry.meter);
    this.#log = telemetry.log;
    this.#session = session;
  }

  /** When the next report is due; `Infinity` while nothing happens. */
  get dueUs(): number {
    const { sent, received } = this.#session.traffic;
    const idle =
      sent.frames === this.#reported.sent.frames &&
      received.frames === this.#reported.received.frames;
    return idle ? Number.POSITIVE_INFINITY : this.#dueUs;
  }

  /** The handshake took this long. */
  opened(handshakeUs: number): void {
    this.#metrics.handshakeTime.observe(handshakeUs / 1_000_000);
  }

  /** A request got its outcome. */
  answered(latencyUs: number): void {
    this.#metrics.requestLatency.observe(latencyUs / 1_000_000);
  }

  /** Reports what happened since the last report. */
  report(nowUs: number, state: "open" | "closed"): void {
    this.#dueUs = nowUs + REPORT_EVERY_US;
    const { traffic } = this.#session;
    this.#direction(nowUs, "sent", traffic.sent);
    this.#direction(nowUs, "received", traffic.received);
    this.#metrics.publishShares(nowUs);
    this.#counts(traffic);
    const stats = this.#session.stats(nowUs);
    this.#epochs(stats);
    this.#shift(state === "open" ? levelsOf(stats) : levelsOf(undefined));
  }

  #direction(nowUs: number, direction: DirectionLabel, traffic: DirectionTraffic): void {
    const reported = this.#reported[direction];
    const labels = { direction };
    this.#metrics.frames.add(traffic.frames - reported.frames, labels);
    this.#metrics.bytes.add(traffic.bytes - reported.bytes, labels);
    reported.frames = traffic.frames;
    reported.bytes = traffic.bytes;
    for (const [codec, count] of traffic.byCodec()) {
      const more = count - (reported.byCodec.get(codec) ?? 0);
      reported.byCodec.set(codec, count);
      if (more > 0) this.#metrics.messages.add(more, { direction, codec: codecLabel(codec) });
    }
    for (const [wire, count] of traffic.byError) {
      const more = count - (reported.byError.get(wire) ?? 0);
      reported.byError.set(wire, count);
      if (more > 0) this.#metrics.errors.add(more, { direction, code: errorLabel(wire) });
    }
    this.#share(nowUs, direction, traffic, reported);
  }

  #share(
    nowUs: number,
    direction: DirectionLabel,
    traffic: DirectionTraffic,
    reported: Reported,
  ): void {
    const share = this.#metrics.shares[direction];
    const json = traffic.jsonBytes - reported.jsonBytes;
    const all = traffic.dataBytes - reported.dataBytes;
    reported.jsonBytes = traffic.jsonBytes;
    reported.dataBytes = traffic.dataBytes;
    if (all === 0) return;
    share.add(nowUs, all, json);
    if (!share.alarm(nowUs)) return;
    const fields = { scope: "process", direction, share: share.share(nowUs) };
    this.#log.log({ level: "warn", event: "xcp.json_overuse", fields });
  }

  #counts(traffic: Traffic): void {
    const { duplicates, retransmissions, crcErrors } = traffic;
    this.#metrics.duplicates.add(duplicates - this.#totals.duplicates);
    this.#metrics.retransmissions.add(retransmissions - this.#totals.retransmissions);
    this.#metrics.crcErrors.add(crcErrors - this.#totals.crcErrors);
    this.#totals = { duplicates, retransmissions, crcErrors };
  }

  #epochs(stats: ConnectionStats): void {
    if (this.#session.negotiated?.crypt !== true) return;
    this.#metrics.epoch.set(stats.sent.epoch, { direction: "sent" });
    this.#metrics.epoch.set(stats.received.epoch, { direction: "received" });
  }

  #shift(levels: ReturnType<typeof levelsOf>): void {
    const before = this.#levels;
    this.#levels = levels;
    this.#metrics.shift({
      connections: levels.connections - before.connections,
      inflightSent: levels.inflightSent - before.inflightSent,
      inflightReceived: levels.inflightReceived - before.inflightReceived,
      partialBytes: levels.partialBytes - before.partialBytes,
      queuedBytes: levels.queuedBytes - before.queuedBytes,
    });
  }
}

function levelsOf(stats: ConnectionStats | undefined): {
  connections: number;
  inflightSent: number;
  inflightReceived: number;
  partialBytes: number;
  queuedBytes: number;
} {
  return {
    connections: stats === undefined ? 0 : 1,
    inflightSent: stats?.inflightSent ?? 0,
    inflightReceived: stats?.inflightReceived ?? 0,
    partialBytes: stats?.partialBytes ?? 0,
    queuedBytes: stats?.queuedBytes ?? 0,
  };
}

function nothingReported(): Reported {
  return {
    frames: 0,
    bytes: 0,
    jsonBytes: 0,
    dataBytes: 0,
    byCodec: new Map(),
    byError: new Map(),
  };
}
