/** How a node is. Everything here crosses Cap'n Web by value. */
export interface NodeHealth {
  /** Whether it takes work. */
  readonly state: "starting" | "ready" | "closing";
  readonly name: string;
  /** Of the reference node. */
  readonly version: string;
  /** Of Node.js. */
  readonly runtime: string;
  /** What does the input and output: native or portable, and why. */
  readonly backend: string;
  readonly pid: number;
  readonly uptimeMs: number;
  /** Where it accepts XCP. */
  readonly listening: readonly string[];
  /** Its admin endpoint, if it has one. */
  readonly admin?: string;
}

/** Totals of one direction of one or more sessions. */
export interface TrafficReport {
  readonly frames: number;
  readonly bytes: number;
  readonly messages: number;
  readonly errors: number;
}

/** One open XCP connection. */
export interface SessionReport {
  /** Names it as long as the node runs. */
  readonly id: number;
  /** What the peer calls itself. */
  readonly agent: string;
  /** Where the peer is, as far as the transport knows. */
  readonly address: string;
  readonly transport: string;
  /** Whether TLS protects the transport. */
  readonly secure: boolean;
  /** Whether XCP encrypts payloads. */
  readonly encrypted: boolean;
  readonly sharedMemory: boolean;
  readonly profile: string;
  /** Whether it continues a session of an earlier connection. */
  readonly resumed: boolean;
  /** Names of the codecs that both ends have. */
  readonly codecs: readonly string[];
  /** Milliseconds since the handshake. */
  readonly ageMs: number;
  readonly sent: TrafficReport;
  readonly received: TrafficReport;
  /** Messages of the peer that are being worked on. */
  readonly inflight: number;
  /** Bytes that wait to be written. */
  readonly queuedBytes: number;
}

/** Everyone who says to be the same program at the same address. */
export interface PeerReport {
  readonly agent: string;
  /** Host, or path of a socket; ports of clients say nothing. */
  readonly host: string;
  /** Ids of its sessions. */
  readonly sessions: readonly number[];
  readonly sent: TrafficReport;
  readonly received: TrafficReport;
}

/** One metric with all its series. */
export interface MetricReport {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: readonly MetricSeries[];
}

/** One value of a metric. */
interface MetricSeries {
  /** Differs from the metric's name for the parts of a histogram. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What a watch tells at one moment. */
export interface NodeSnapshot {
  /** Counts the snapshots of this watch, from 1. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly state: NodeHealth["state"];
  /** How many sessions are open. */
  readonly sessions: number;
  /** Ids of sessions that were opened since the snapshot before. */
  readonly opened: readonly number[];
  /** Ids of sessions that ended since the snapshot before. */
  readonly closed: readonly number[];
  /** Of all sessions since the node started. */
  readonly sent: TrafficReport;
  readonly received: TrafficReport;
  /** Moments that were left out since the snapshot before, because the watcher was not done with it. */
  readonly skipped: number;
}
