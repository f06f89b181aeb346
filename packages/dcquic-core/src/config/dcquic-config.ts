import type { RotationLimits } from "../crypto/send-keys.js";

/** One network card. */
export interface NicConfig {
  /** What it carries each way, in bytes per second. */
  readonly bytesPerSecond: number;
  /** What one flow through it carries, in bytes per second: so many ports share the rest. */
  readonly flowBytesPerSecond: number;
  /** The address its workers bind; any if absent. */
  readonly address?: string;
}

/** How workers wait for packets. */
export type PollMode = "auto" | "spin" | "hybrid" | "blocking";

/** Which cores workers run on. */
export interface CoreConfig {
  /** Cores for workers alone; 0 pins nothing. */
  readonly count: number;
  /** Which ones, by worker; chosen from the topology if empty. */
  readonly ids: readonly number[];
  /** How they wait. */
  readonly poll: PollMode;
}

/** Whether a feature of sockets is used: "auto" where it works. */
export type Feature = "auto" | "off";

/**
 * Everything a process of dcQUIC can be told, with the keys and defaults of spec/dcquic.md §20. Times are µs, rates bytes
 * per second.
 */
export interface DcquicConfig {
  /** Protocol engines; 0 is one per NIC. */
  readonly workers: number;
  /** The cards. */
  readonly nics: readonly NicConfig[];
  /** The cores. */
  readonly cores: CoreConfig;
  /** Announcements of one priority that wait for one peer. */
  readonly queueDepth: number;
  /** Largest datagram at first, in bytes of UDP payload. */
  readonly mtuBytes: number;
  /** Generic segmentation offload. */
  readonly gso: Feature;
  /** Generic receive offload. */
  readonly gro: Feature;
  /** Explicit congestion notification. */
  readonly ecn: Feature;
  /** What sockets buffer, each way. */
  readonly socketBufferBytes: number;
  /** Share owed to lower priorities. */
  readonly starvationReserve: number;
  /** Largest message that rides in its announcement. */
  readonly inlineMaxBytes: number;
  /** Inline bytes that a new peer may send. */
  readonly inlineStartBytes: number;
  /** Inline bytes that all peers of a worker may have on the way. */
  readonly inlinePoolBytes: number;
  /** Announcements a peer may have unfinished. */
  readonly notifyWindow: number;
  /** Transfers with one peer, each way, and streams that it may have open over a path. */
  readonly maxTransfersPerPeer: number;
  /** Packet numbers that are remembered one by one. */
  readonly packetWindow: number;
  /** Announcements that are remembered one by one. */
  readonly replayNotifyWindow: number;
  /** Announcements of a path that wait for a proof. */
  readonly challengeEntries: number;
  /** Their inline bytes. */
  readonly challengeBytes: number;
  /** Bytes of one pull. */
  readonly pullQuantumBytes: number;
  /** Pull window as a multiple of bandwidth × delay. */
  readonly windowFactor: number;
  /** Senders that should overlap at least. */
  readonly overcommit: number;
  /** Share of a link that is pulled. */
  readonly rxUtilisation: number;
  /** Plain bytes of a record: a power of two. */
  readonly recordBytes: number;
  /** How DATA of sealed messages is authenticated. */
  readonly dataAuth: "packet" | "headers";
  /** Data keys whose ciphers are remembered. */
  readonly dataKeyCache: number;
  /** When control keys are replaced. */
  readonly rotation: RotationLimits;
  /** Path secrets that are kept. */
  readonly pathCapacity: number;
  /** How long a path secret is used. */
  readonly rehandshakeUs: number;
  /** Handshakes at one time. */
  readonly maxHandshakes: number;
  /** Round trip before the first sample. */
  readonly initialRttUs: number;
  /** Longest PTO. */
  readonly maxPtoUs: number;
  /** Shortest PTO. */
  readonly timerGranularityUs: number;
  /** How late timers of the driver may be: so much of the rate is made up for. */
  readonly timerTickUs: number;
  /** Silence after which a peer's transfers fail. */
  readonly peerTimeoutUs: number;
  /** Silence after which a peer is probed. */
  readonly probeIdleUs: number;
  /** Messages that wait in a stream for their reader. */
  readonly streamQueueMessages: number;
  /** Their bytes. */
  readonly streamQueueBytes: number;
  /** Bytes that buffers take together. */
  readonly bufferPoolBytes: number;
  /** Tracked transfers that there is room for at first. */
  readonly causalityInitialSlots: number;
  /** Tracked transfers at most. */
  readonly causalityMaxSlots: number;
  /** How long closing waits for what runs. */
  readonly closeGraceUs: number;
  /** Events of a worker that wait for their subscribers. */
  readonly eventsRing: number;
  /** What happens when a worker hangs. */
  readonly onWorkerHang: "abort" | "event";
  /** Whether ICMP is believed at once. */
  readonly icmpPolicy: "verify" | "immediate";
}
