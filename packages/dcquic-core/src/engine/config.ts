import { DEFAULT_ROTATION, type RotationLimits } from "../crypto/send-keys.js";
import { MIN_WINDOW, WINDOW_STEP } from "../path/replay-window.js";

/** What an engine may be told. Defaults are those of spec/dcquic.md §20. */
export interface EngineConfig {
  /** The worker this engine is. */
  readonly worker: number;
  /** Largest datagram, in bytes of UDP payload. */
  readonly mtuBytes: number;
  /** Largest datagram that is tried: beyond `mtuBytes`, padded probes find out what passes. */
  readonly mtuMaxBytes: number;
  /** What the NIC sends and receives, in bytes per second. */
  readonly nicBytesPerSecond: number;
  /** How late a driver's timer may be, for the bucket of the NIC; µs. */
  readonly nicSlackUs: number;
  /** Share of the link that is pulled. */
  readonly rxUtilisation: number;
  /** Bytes of one pull. */
  readonly pullQuantumBytes: number;
  /** Pull window as a multiple of bandwidth × delay. */
  readonly windowFactor: number;
  /** Senders that should overlap at least. */
  readonly overcommit: number;
  /** Largest message that rides inline. */
  readonly inlineMaxBytes: number;
  /** Inline bytes that a new peer may send. */
  readonly inlineStartBytes: number;
  /** Inline bytes that all peers of the worker may have on the way. */
  readonly inlinePoolBytes: number;
  /** Announcements that a peer may have unfinished. */
  readonly notifyWindow: number;
  /** Width of the window of packet numbers. */
  readonly packetWindow: number;
  /** Width of the window of announcements. */
  readonly replayNotifyWindow: number;
  /** Announcements of one priority that wait for one peer. */
  readonly queueDepth: number;
  /** Transfers of one peer, each way. */
  readonly maxTransfersPerPeer: number;
  /** Announcements of a path that wait for a proof. */
  readonly challengeEntries: number;
  /** Their inline bytes. */
  readonly challengeBytes: number;
  /** Tracked transfers that there is room for at first. */
  readonly causalityInitialSlots: number;
  /** Tracked transfers at most. */
  readonly causalityMaxSlots: number;
  /** Data keys whose ciphers are remembered. */
  readonly dataKeyCache: number;
  /** Transfers of one direction, over all peers. */
  readonly maxTransfers: number;
  /** Largest message that is accepted. */
  readonly maxMessageBytes: number;
  /** Share owed to lower priorities. */
  readonly starvationReserve: number;
  /** Round trip before the first sample; µs. */
  readonly initialRttUs: number;
  /** Shortest PTO; µs. */
  readonly timerGranularityUs: number;
  /** Longest PTO; µs. */
  readonly maxPtoUs: number;
  /** Silence after which a peer's transfers fail; µs. */
  readonly peerTimeoutUs: number;
  /** Silence after which a peer is probed; µs. */
  readonly probeIdleUs: number;
  /** How DATA of sealed messages is authenticated, where the peer agrees. §8.1 */
  readonly dataAuth: "packet" | "headers";
  /** When keys are replaced. */
  readonly rotation: RotationLimits;
  /** Whether ICMP is believed at once. */
  readonly icmpPolicy: "verify" | "immediate";
}

/** The defaults of §20, for a native driver. */
export const DEFAULT_CONFIG: EngineConfig = {
  worker: 0,
  mtuBytes: 1400,
  mtuMaxBytes: 1400,
  nicBytesPerSecond: 1.25e9,
  nicSlackUs: 0,
  rxUtilisation: 0.95,
  pullQuantumBytes: 65_536,
  windowFactor: 1.25,
  overcommit: 8,
  inlineMaxBytes: 1024,
  inlineStartBytes: 4096,
  inlinePoolBytes: 524_288,
  notifyWindow: 1024,
  packetWindow: 16_384,
  replayNotifyWindow: 65_536,
  queueDepth: 1024,
  maxTransfersPerPeer: 65_536,
  challengeEntries: 256,
  challengeBytes: 262_144,
  causalityInitialSlots: 4096,
  causalityMaxSlots: 4_194_304,
  dataKeyCache: 4096,
  maxTransfers: 1_048_576,
  maxMessageBytes: 1_073_741_824,
  starvationReserve: 1 / 16,
  initialRttUs: 1000,
  timerGranularityUs: 100,
  maxPtoUs: 2_000_000,
  peerTimeoutUs: 10_000_000,
  probeIdleUs: 250_000,
  dataAuth: "packet",
  rotation: DEFAULT_ROTATION,
  icmpPolicy: "verify",
};

/**
 * Completes a configuration and rejects contradictions, naming all of them at once.
 *
 * @throws RangeError
 * @see spec/dcquic.md §20
 */
export function resolveConfig(chosen: Partial<EngineConfig>): EngineConfig {
  const config = { ...DEFAULT_CONFIG, ...chosen };
  config.mtuMaxBytes = chosen.mtuMaxBytes ?? Math.max(config.mtuBytes, DEFAULT_CONFIG.mtuMaxBytes);
  const wrong: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === "number" && !(value >= 0)) wrong.push(`${key}: ${value} is negative`);
  }
  if (config.worker >= 254) wrong.push(`worker: ${config.worker}, below 254`);
  if (config.mtuBytes < 1200 || config.mtuBytes > 8900) {
    wrong.push(`mtuBytes: ${config.mtuBytes} is outside 1200…8900`);
  }
  if (config.mtuMaxBytes < config.mtuBytes || config.mtuMaxBytes > 8900) {
    wrong.push(`mtuMaxBytes: ${config.mtuMaxBytes} is outside mtuBytes…8900`);
  }
  if (config.inlineMaxBytes > config.mtuBytes - 200) {
    wrong.push(`inlineMaxBytes: ${config.inlineMaxBytes} exceeds mtuBytes − 200`);
  }
  for (const key of ["packetWindow", "replayNotifyWindow"] as const) {
    if (config[key] >= MIN_WINDOW && config[key] % WINDOW_STEP === 0) continue;
    wrong.push(`${key}: ${config[key]} is no multiple of ${WINDOW_STEP} from ${MIN_WINDOW} on`);
  }
  if (config.notifyWindow > config.replayNotifyWindow) {
    wrong.push(`notifyWindow: ${config.notifyWindow} exceeds replayNotifyWindow`);
  }
  if (config.pullQuantumBytes < config.mtuBytes) {
    wrong.push(`pullQuantumBytes: ${config.pullQuantumBytes} is less than a datagram`);
  }
  if (wrong.length > 0) throw new RangeError(wrong.join("; "));
  return config;
}
