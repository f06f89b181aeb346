import type { RandomSource } from "@proj/wire-types";
import type { BufferRegistry } from "../buffer/buffer-registry.js";
import type { CausalityMap } from "../causality/causality-map.js";
import type { CryptoBackend } from "../crypto/backend.js";
import type { DataKeyCache } from "../crypto/data-keys.js";
import { ImmediateBatch, type PacketBatch } from "../crypto/packet-batch.js";
import { AwakeTime } from "../health/awake-time.js";
import type { RmaPort } from "../rma/rma-port.js";
import { EventGroup } from "../events/event-groups.js";
import { Fifo } from "../sched/fifo.js";
import { KeyHash } from "../sched/key-hash.js";
import type { LeakyBucket } from "../sched/leaky-bucket.js";
import type { PullScheduler } from "../sched/pull-scheduler.js";
import { NO_TIMER, type TimerId, TimingWheel } from "../sched/timing-wheel.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { SlotTable } from "../transfer/slot-table.js";
import type { Id64 } from "../wire/id64.js";
import { InlineMemory } from "../transfer/inline-memory.js";
import { SpareMemory } from "../transfer/spare-memory.js";
import type { Tombstone } from "../transfer/tombstones.js";
import type { EngineConfig } from "./config.js";
import { type EngineCounters, engineCounters } from "./counters.js";
import { DirtyPaths } from "./dirty-paths.js";
import { Distribution } from "./distribution.js";
import type { EngineEvent, PathId, SecurityNote } from "./events.js";
import type { Path } from "./path.js";
import type { TransferPhaseKind } from "./transfer-phase.js";

/** What an id of this engine stands for. */
export type TableEntry = AnnouncedTransfer | PulledTransfer | Tombstone;

/** Kinds of timers; the payload of a timer is 8 × what it is about + its kind. */
export const TimerKind = { Announcer: 0, Puller: 1, Path: 2, Close: 3, Deadline: 4 } as const;
const KINDS = 8;
const GAP_BOUNDS_US = [1000, 5000, 20_000, 100_000, 500_000, 2_000_000, 10_000_000];
const OVERLOAD_SHARE = 7 / 8;
// As much as one transfer has under way by default.
const SPARE_BYTES = 4_194_304;

/** What the parts of an engine share. */
export class EngineContext {
  /** The configuration. */
  readonly config: EngineConfig;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Seals and opens packets together. */
  readonly packets: PacketBatch;
  /** Randomness. */
  readonly random: RandomSource;
  /** Finds what is known by keys that peers choose. */
  readonly hash: KeyHash;
  /** The buffers that own transfers are attached to. */
  readonly buffers: BufferRegistry;
  /** Which transfer waits for which. */
  readonly causality: CausalityMap;
  /** Ciphers of data keys. */
  readonly dataKeys: DataKeyCache;
  /** Memory of records that were placed. */
  readonly spare: SpareMemory = new SpareMemory(SPARE_BYTES);
  /** Where payloads lie that rode in announcements. */
  readonly inlineMemory: InlineMemory = new InlineMemory();
  /** Every transfer, in either role, under its own id. */
  readonly transfers: SlotTable<TableEntry>;
  /** What is asked of whom. */
  readonly pulls: PullScheduler;
  /** Spaces what is sent. */
  readonly nic: LeakyBucket;
  /** Memory of peers, where the driver lends it. */
  readonly rma: RmaPort | undefined;
  /** Timers. */
  readonly wheel: TimingWheel;
  /** Paths by number. */
  readonly paths: Map<PathId, Path> = new Map();
  /** Paths that something happened to since they last had nothing to send. */
  readonly dirty: DirtyPaths = new DirtyPaths();
  /** Paths with bytes to serve, in the order of their turns. */
  readonly serving: Set<Path> = new Set();
  /** Paths with bytes to pull, in the order of their turns. */
  readonly pulling: Set<Path> = new Set();
  /** What the application is told. */
  readonly events: Fifo<EngineEvent> = new Fifo();
  /** Groups of debug events that someone wants and that are not made otherwise. */
  watched = 0;
  /** Paths on which anything lives. */
  activePaths = 0;
  /** The time of the latest call. */
  nowUs: number;
  /** When the driver last came late to a timer, as after a pause. */
  resumedUs: number = Number.NEGATIVE_INFINITY;
  /** How long the engine was kept from running. */
  readonly awake: AwakeTime;
  /** How late it was each time; µs. */
  readonly gaps: Distribution = new Distribution(GAP_BOUNDS_US);
  /** What is counted. */
  readonly counters: EngineCounters = engineCounters();

  readonly #dueUs = (): number => this.wheel.nextDeadline();

  /** Gathers the parts. */
  constructor(parts: {
    readonly config: EngineConfig;
    readonly crypto: CryptoBackend;
    readonly random: RandomSource;
    readonly buffers: BufferRegistry;
    readonly causality: CausalityMap;
    readonly dataKeys: DataKeyCache;
    readonly transfers: SlotTable<TableEntry>;
    readonly pulls: PullScheduler;
    readonly nic: LeakyBucket;
    readonly nowUs: number;
    readonly rma?: RmaPort | undefined;
  }) {
    this.config = parts.config;
    this.crypto = parts.crypto;
    this.rma = parts.rma;
    this.packets = parts.crypto.packetBatch?.() ?? new ImmediateBatch();
    this.random = parts.random;
    this.hash = new KeyHash(parts.random);
    this.buffers = parts.buffers;
    this.causality = parts.causality;
    this.dataKeys = parts.dataKeys;
    this.transfers = parts.transfers;
    this.pulls = parts.pulls;
    this.nic = parts.nic;
    this.nowUs = parts.nowUs;
    this.wheel = new TimingWheel(parts.nowUs);
    this.awake = new AwakeTime(parts.nowUs, parts.config.timerGranularityUs);
  }

  /** Takes note that the engine is called: first of all in each call that believes in the time. */
  runs(nowUs: number): void {
    this.nowUs = nowUs;
    const lateUs = this.awake.runs(nowUs, this.#dueUs);
    if (lateUs === 0) return;
    // Whoever was kept from running must not blame its peers for the silence.
    this.resumedUs = nowUs;
    this.gaps.add(lateUs);
  }

  /** Schedules a timer in place of `before`, which may be none. */
  arm(before: TimerId, deadlineUs: number, kind: number, about: number): TimerId {
    this.disarm(before);
    return this.wheel.schedule(deadlineUs, about * KINDS + kind);
  }

  /** Cancels a timer, which may be none. */
  disarm(timer: TimerId): TimerId {
    if (timer !== NO_TIMER) this.wheel.cancel(timer);
    return NO_TIMER;
  }

  /** Splits a timer's payload. */
  static timerOf(payload: number): { kind: number; about: number } {
    return { kind: payload % KINDS, about: Math.floor(payload / KINDS) };
  }

  /** Tells of something that an attack would look like. */
  note(what: SecurityNote, path: Path | undefined): void {
    this.events.push({ kind: "securityNoted", path: path?.id, what });
  }

  /** Tells that a transfer came to a phase, if anyone wants to know. */
  tellPhase(kind: TransferPhaseKind, path: Path, transfer: Id64): void {
    if ((this.watched & EventGroup.transfer) === 0) return;
    this.events.push({ kind, path: path.id, transfer, atUs: this.nowUs });
  }

  /** Asks for a new path secret, once. */
  askHandshake(path: Path): void {
    if (path.handshakeAsked) return;
    path.handshakeAsked = true;
    this.events.push({ kind: "handshakeDue", path: path.id });
  }

  /** Whether new work should not come unasked, because tables or buffers are nearly full. §11 */
  get isOverloaded(): boolean {
    const { transfers, buffers, config } = this;
    return (
      transfers.size >= OVERLOAD_SHARE * config.maxTransfers || buffers.pressure >= OVERLOAD_SHARE
    );
  }

  /** Counts what lives on a path; from the first on its peer is watched. */
  begin(nowUs: number, path: Path): void {
    if (path.live === 0) {
      this.activePaths += 1;
      path.health.watchFrom(nowUs);
      path.probeAtUs = nowUs + this.config.probeIdleUs;
    }
    path.live += 1;
  }

  /** Uncounts it. */
  end(path: Path): void {
    path.live -= 1;
    if (path.live === 0) this.activePaths -= 1;
  }
}
