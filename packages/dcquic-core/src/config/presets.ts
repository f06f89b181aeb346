import { DEFAULT_ROTATION } from "../crypto/send-keys.js";
import type { DcquicConfig, NicConfig } from "./dcquic-config.js";

const GIGABIT = 125_000_000;
const MIB = 1_048_576;
const HOUR_US = 3_600_000_000;

/** The defaults of §20: one NIC of 10 Gbit/s under a native driver. */
export const DEFAULT_DCQUIC_CONFIG: DcquicConfig = {
  workers: 0,
  nics: [{ bytesPerSecond: 10 * GIGABIT, flowBytesPerSecond: 5 * GIGABIT }],
  cores: { count: 0, ids: [], poll: "auto" },
  queueDepth: 1024,
  mtuBytes: 1400,
  gso: "auto",
  gro: "auto",
  ecn: "auto",
  socketBufferBytes: 8 * MIB,
  starvationReserve: 1 / 16,
  inlineMaxBytes: 1024,
  inlineStartBytes: 4096,
  inlinePoolBytes: 524_288,
  notifyWindow: 1024,
  maxTransfersPerPeer: 65_536,
  packetWindow: 16_384,
  replayNotifyWindow: 65_536,
  challengeEntries: 256,
  challengeBytes: 262_144,
  pullQuantumBytes: 65_536,
  windowFactor: 1.25,
  overcommit: 8,
  rxUtilisation: 0.95,
  recordBytes: 65_536,
  dataAuth: "packet",
  dataKeyCache: 4096,
  rotation: DEFAULT_ROTATION,
  pathCapacity: 500_000,
  rehandshakeUs: 24 * HOUR_US,
  maxHandshakes: 64,
  initialRttUs: 1000,
  maxPtoUs: 2_000_000,
  timerGranularityUs: 100,
  timerTickUs: 1,
  peerTimeoutUs: 10_000_000,
  probeIdleUs: 250_000,
  streamQueueMessages: 64,
  streamQueueBytes: 4 * MIB,
  bufferPoolBytes: 256 * MIB,
  causalityInitialSlots: 4096,
  causalityMaxSlots: 4_194_304,
  closeGraceUs: 5_000_000,
  eventsRing: 16_384,
  onWorkerHang: "abort",
  icmpPolicy: "verify",
};

const portable = {
  initialRttUs: 10_000,
  timerGranularityUs: 2000,
  timerTickUs: 100,
  onWorkerHang: "event",
} as const;

const fast: NicConfig = { bytesPerSecond: 400 * GIGABIT, flowBytesPerSecond: 400 * GIGABIT };

/**
 * What differs from the defaults in usual surroundings.
 *
 * @see spec/dcquic.md §20
 */
export const presets: {
  /** A machine of a developer: portable sockets, little memory, nothing pinned, no process that ends by itself. */
  readonly devLaptop: Partial<DcquicConfig>;
  /** Two cores that tests share: as on a laptop, with short waits. */
  readonly twoCoreTest: Partial<DcquicConfig>;
  /** A cloud machine with 25 Gbit/s of which one flow gets five. */
  readonly cloudUdp25G: Partial<DcquicConfig>;
  /** Eight EFA cards of 400 Gbit/s, 24 cores for workers. */
  readonly efa8Nic: Partial<DcquicConfig>;
  /** Virtual time: timers are exact, nothing is pinned. */
  readonly simulator: Partial<DcquicConfig>;
} = {
  devLaptop: {
    ...portable,
    nics: [{ bytesPerSecond: GIGABIT, flowBytesPerSecond: GIGABIT }],
    bufferPoolBytes: 64 * MIB,
    socketBufferBytes: 4 * MIB,
  },
  twoCoreTest: {
    ...portable,
    workers: 1,
    cores: { count: 0, ids: [], poll: "hybrid" },
    bufferPoolBytes: 64 * MIB,
    socketBufferBytes: 4 * MIB,
    closeGraceUs: 1_000_000,
  },
  cloudUdp25G: {
    nics: [{ bytesPerSecond: 25 * GIGABIT, flowBytesPerSecond: 5 * GIGABIT }],
    mtuBytes: 8900,
    cores: { count: 2, ids: [], poll: "hybrid" },
  },
  efa8Nic: {
    nics: Array.from({ length: 8 }, () => fast),
    workers: 24,
    mtuBytes: 8900,
    cores: { count: 24, ids: [], poll: "spin" },
    bufferPoolBytes: 4096 * MIB,
    inlinePoolBytes: 2 * MIB,
    pullQuantumBytes: 262_144,
    recordBytes: 262_144,
  },
  simulator: { gso: "off", gro: "off", timerTickUs: 0, onWorkerHang: "event" },
};
