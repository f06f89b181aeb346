import type { RandomSource } from "@proj/wire-types";
import type { BufferRegistry } from "../buffer/buffer-registry.js";
import { CausalityMap } from "../causality/causality-map.js";
import type { CryptoBackend } from "../crypto/backend.js";
import { DataKeyCache } from "../crypto/data-keys.js";
import type { EstablishedPath } from "../path/handshake.js";
import type { PeerState } from "../health/peer-health.js";
import { LeakyBucket } from "../sched/leaky-bucket.js";
import type { RmaPort, RmaRead } from "../rma/rma-port.js";
import { PullScheduler } from "../sched/pull-scheduler.js";
import { NO_TIMER } from "../sched/timing-wheel.js";
import { SlotTable } from "../transfer/slot-table.js";
import type { Id64 } from "../wire/id64.js";
import { Admission } from "./admission.js";
import type { AnnounceOptions, AnnounceResult, TokenOutcome } from "./announce-options.js";
import { AnnouncerIntake } from "./announcer-intake.js";
import { Announcer } from "./announcer.js";
import type { DatagramBatch } from "./batch.js";
import { type EngineConfig, resolveConfig } from "./config.js";
import { ControlBuilder } from "./control-builder.js";
import type { EngineCounters } from "./counters.js";
import { ChunkIntake } from "./chunk-intake.js";
import { CreditKeeper } from "./credit-keeper.js";
import { EngineContext, type TableEntry, TimerKind } from "./context.js";
import { DataBuilder } from "./data-builder.js";
import type { DistributionCounts } from "./distribution.js";
import { Doubts } from "./doubts.js";
import { type AddPathOptions, FROM_ZERO } from "./first-counters.js";
import { type ForeignPacket, ForeignPaths } from "./foreign-paths.js";
import { FrameIntake } from "./frame-intake.js";
import { KeyRetirement } from "./key-retirement.js";
import { MoveIn } from "./move-in.js";
import { Offers } from "./offers.js";
import type { EngineEvent, PathId } from "./events.js";
import { PacketIntake } from "./packet-intake.js";
import { Path } from "./path.js";
import { type EngineLoad, loadOf } from "./load.js";
import { PathIndex } from "./path-index.js";
import { PathKeeper } from "./path-keeper.js";
import { PullLoop } from "./pull-loop.js";
import { type PlacedAccept, Puller } from "./puller.js";
import { Serving } from "./serving.js";
import { Status } from "./status.js";
import { type CloseOptions, StreamCloser } from "./stream-closer.js";
import { Transmitter } from "./transmitter.js";

/** What an engine takes from its surroundings. */
export interface EngineOptions {
  /** What differs from the defaults. */
  readonly config?: Partial<EngineConfig>;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Randomness for challenges and jitter. */
  readonly random: RandomSource;
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  /** When it begins; µs. */
  readonly nowUs: number;
  /** Memory of peers, where the driver lends it. */
  readonly rma?: RmaPort;
  /** Generation of the first ids; 1 if absent. */
  readonly firstGeneration?: number;
}

/** Numbers of an engine, for metrics and tests. */
export interface EngineStats {
  /** Bytes of payload put on the wire, all copies. */
  readonly payloadSent: number;
  /** Bytes of payload that arrived for the first time. */
  readonly payloadReceived: number;
  /** Transfers and tombstones in the table. */
  readonly entries: number;
  /** Tracked transfers. */
  readonly tracked: number;
  /** Bytes asked for and not settled. */
  readonly outstandingBytes: number;
  /** Timers that are scheduled. */
  readonly timers: number;
  /** Closes that wait for an answer. */
  readonly closes: number;
}

// After these nothing goes over the path any more; after the others it may recover.
const FINAL_STATUSES: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
]);

/**
 * One worker of dcQUIC. It opens no socket and reads no clock: its driver calls, in this order,
 *
 * - `receive(now, batch)` with what arrived, `icmp` with what the network complained about,
 * - `tick(now)` when `nextDeadline()` has come,
 * - `transmit(now, batch)` until it adds nothing,
 * - `nextEvent()` until it is undefined, and `nextForeign()` likewise where the host has several workers,
 *
 * and its application `addPath`, `announce`, `accept`, `reject`, `consume`, `cancel` and `close` at any time. All times are
 * monotonic microseconds. The same calls give the same bytes.
 *
 * @see spec/dcquic.md §22
 */
export class Engine {
  readonly #context: EngineContext;
  readonly #byCredential = new PathIndex();
  readonly #foreign: ForeignPaths;
  readonly #announcer: Announcer;
  readonly #puller: Puller;
  readonly #loop: PullLoop;
  readonly #closer: StreamCloser;
  readonly #keeper: PathKeeper;
  readonly #intake: PacketIntake;
  readonly #transmitter: Transmitter;
  readonly #healthChanged = (path: Path, before: PeerState): void =>
    this.#keeper.healthChanged(path, before);
  readonly #keyDerived = (): void => void (this.#context.counters.keysDerived += 1);
  #nextPath = 0;

  /** @throws RangeError for a configuration that contradicts itself. */
  constructor(options: EngineOptions) {
    const config = resolveConfig(options.config ?? {});
    const { crypto, random, buffers, nowUs } = options;
    const { worker } = config;
    const context = new EngineContext({
      config,
      crypto,
      random,
      buffers,
      nowUs,
      rma: options.rma,
      causality: new CausalityMap({
        worker,
        initialSlots: config.causalityInitialSlots,
        maxSlots: config.causalityMaxSlots,
      }),
      dataKeys: new DataKeyCache(crypto, config.dataKeyCache),
      transfers: new SlotTable<TableEntry>(
        worker,
        config.maxTransfers,
        options.firstGeneration ?? 1,
      ),
      pulls: new PullScheduler({
        rxBytesPerSecond: config.nicBytesPerSecond,
        rxUtilisation: config.rxUtilisation,
        quantumBytes: config.pullQuantumBytes,
        windowFactor: config.windowFactor,
        overcommit: config.overcommit,
        slackUs: config.nicSlackUs,
      }),
      nic: new LeakyBucket(config.nicBytesPerSecond, config.nicSlackUs),
    });
    const failed = (path: Path, status: number): void => this.#fail(path, status);
    const violated = (path: Path): void => this.#fail(path, Status.Protocol);
    this.#context = context;
    this.#foreign = new ForeignPaths(context.counters);
    const serving = new Serving(context);
    const sendRaw = (datagram: Uint8Array, address: number): void =>
      this.#transmitter.sendRaw(datagram, address);
    const retirement = new KeyRetirement(context, sendRaw);
    this.#announcer = new Announcer(context, serving, retirement);
    this.#loop = new PullLoop(context);
    const credit = new CreditKeeper(context, violated);
    const offers = new Offers(context);
    const doubts = new Doubts(context, this.#loop, offers);
    this.#puller = new Puller({ context, loop: this.#loop, credit, offers, doubts });
    const admission = new Admission({
      context,
      credit,
      offers,
      doubts,
      moves: new MoveIn({
        context,
        doubts,
        puller: () => this.#puller,
        pathOf: (bytes, offset) => this.#byCredential.find(bytes, offset),
        markOffered: (peerWorker, notifySeq) => offers.markOffered(peerWorker, notifySeq),
      }),
      fail: (path, transfer, status) => this.#puller.fail(path, transfer, status),
    });
    this.#closer = new StreamCloser(context);
    this.#keeper = new PathKeeper(context, retirement, failed);
    this.#transmitter = new Transmitter({
      context,
      failed,
      loop: this.#loop,
      keeper: this.#keeper,
      retirement,
      control: new ControlBuilder(context, {
        announcer: this.#announcer,
        doubts,
        credit,
        loop: this.#loop,
        closer: this.#closer,
      }),
      data: new DataBuilder(context, serving),
    });
    this.#intake = new PacketIntake({
      context,
      pathOf: (bytes, offset) => this.#byCredential.find(bytes, offset),
      foreign: this.#foreign,
      frames: new FrameIntake({
        context,
        announcer: new AnnouncerIntake(context, serving, this.#announcer),
        admission,
        doubts,
        puller: this.#puller,
        chunks: new ChunkIntake(context, this.#puller.assembler),
        closer: this.#closer,
        keeper: this.#keeper,
      }),
      keeper: this.#keeper,
      credit,
      retirement,
      sendRaw,
    });
  }

  /** Takes what arrived. Nothing a peer sends makes it throw. */
  receive(nowUs: number, batch: DatagramBatch): void {
    this.#context.runs(nowUs);
    this.#intake.receive(nowUs, batch);
    this.#settle(nowUs);
  }

  /** Weighs an ICMP message about the address of a path. */
  icmp(nowUs: number, path: PathId, kind: "unreachable" | "sourceQuench"): void {
    this.#keeper.icmp(nowUs, this.#pathBy(path), kind);
  }

  /** Weighs an ICMP message about everything that goes to an address. */
  icmpFrom(nowUs: number, address: number, kind: "unreachable" | "sourceQuench"): void {
    for (const path of this.#context.paths.values()) {
      if (path.address === address) this.icmp(nowUs, path.id, kind);
    }
  }

  /** Takes bytes that were read from a peer's memory: they lie at `at` of `slab`. */
  rmaArrived(nowUs: number, read: RmaRead, slab: Uint8Array, at: number): void {
    this.#context.counters.rmaReads += 1;
    const entry = this.#context.transfers.get(read.transfer);
    if (entry?.role !== "puller") return;
    const path = this.#pathBy(entry.transfer.path as PathId);
    this.#puller.assembler.onRead(nowUs, path, entry.transfer, read, slab, at);
    this.#settle(nowUs);
  }

  /** Has bytes that could not be read from a peer's memory asked for by UDP; `downgraded` says that it stays so for a while. */
  rmaFailed(read: RmaRead, how: "once" | "downgraded"): void {
    this.#context.counters.rmaErrors += 1;
    if (how === "downgraded") this.#context.events.push({ kind: "rmaDowngraded", path: read.path });
    const entry = this.#context.transfers.get(read.transfer);
    if (entry?.role !== "puller") return;
    const { transfer } = entry;
    const pull = transfer.pulls.find(({ seq }) => seq === read.pullSeq);
    if (pull === undefined || pull.sentUs < 0) return;
    this.#loop.repull(this.#pathBy(transfer.path as PathId), transfer, pull);
  }

  /** Learns that more than so many bytes of UDP payload do not pass to an address. */
  pathMtu(nowUs: number, address: number, bytes: number): void {
    for (const path of this.#context.paths.values()) {
      if (path.address === address) path.mtu.tooLarge(nowUs, bytes);
    }
  }

  /**
   * Begins a path that a handshake made; `address` is the driver's number for where its packets go.
   */
  addPath(
    nowUs: number,
    established: EstablishedPath,
    address: number,
    options: AddPathOptions = {},
  ): PathId {
    const { identity = `address ${address}`, counters = FROM_ZERO } = options;
    const id = this.#nextPath++ as PathId;
    const { config, crypto, pulls, transfers, awake } = this.#context;
    const path = new Path({
      id,
      address,
      identity,
      counters,
      established,
      config,
      crypto,
      sender: pulls.addSender(),
      forgotten: ({ pullerId, path: of }) => {
        const entry = transfers.get(pullerId);
        // What was moved is remembered by its later path.
        if (entry?.role === "tombstone" && entry.tombstone.path === of) transfers.remove(pullerId);
      },
      nowUs,
      awake,
      healthChanged: this.#healthChanged,
      keyDerived: this.#keyDerived,
    });
    this.#context.paths.set(id, path);
    this.#byCredential.add(path);
    return id;
  }

  /** Learns that another worker of this host is home to a path: datagrams under it are told by {@link Engine.nextForeign}. */
  addForeignPath(credentialId: Uint8Array, home: number): void {
    this.#foreign.add(credentialId, home);
  }

  /** Forgets a path of another worker. */
  removeForeignPath(credentialId: Uint8Array): void {
    this.#foreign.remove(credentialId);
  }

  /** The next datagram that belongs to another worker, or `undefined`. D-33 */
  nextForeign(): ForeignPacket | undefined {
    return this.#foreign.next();
  }

  /** Sends a path's packets elsewhere from now on, because an address or a NIC failed. What was learned of the old one goes. */
  readdress(path: PathId, address: number): void {
    this.#pathBy(path).sendTo(address);
  }

  /** Learns another address of a path's peer, which is answered where it was heard last. §18 */
  addAddress(path: PathId, address: number): void {
    const { addresses } = this.#pathBy(path);
    if (!addresses.includes(address)) addresses.push(address);
  }

  /** Tries the next address of a peer that was not heard for `silentUs` and does not answer; says whether it did. */
  nextAddress(nowUs: number, path: PathId, silentUs: number): boolean {
    const lost = this.#pathBy(path);
    const { addresses, address, health } = lost;
    if (!lost.isLost || addresses.length < 2 || health.silentUs(nowUs) < silentUs) return false;
    const next = addresses[(addresses.indexOf(address) + 1) % addresses.length];
    if (next !== undefined) lost.sendTo(next);
    return true;
  }

  /**
   * Takes own transfers and closes that are not over to another path of the same peer, because the old one cannot be used
   * any more; returns how many transfers that were. Transfers of the peer follow when it does the same.
   *
   * @throws RangeError for a path that was made before the old one: of two moves that overtake each other the peer believes
   *   the one to the later path.
   * @see spec/dcquic.md §10.4
   */
  moveTransfers(nowUs: number, from: PathId, to: PathId): number {
    const [before, after] = [this.#pathBy(from), this.#pathBy(to)];
    if (after.id <= before.id) throw new RangeError(`a move from path ${from} back to ${to}`);
    this.#closer.move(nowUs, before, after);
    return this.#announcer.move(nowUs, before, after);
  }

  /** Fails everything that runs on a path; `status` is one of §15. */
  failPath(path: PathId, status: number): void {
    this.#fail(this.#pathBy(path), status);
  }

  /** Forgets a path. What still runs on it fails. */
  removePath(path: PathId): void {
    const gone = this.#pathBy(path);
    this.#fail(gone, Status.GoingAway);
    for (const { tombstones } of gone.workers) tombstones.clear();
    const { paths, dirty, serving, pulling } = this.#context;
    paths.delete(path);
    for (const set of [dirty, serving, pulling]) set.delete(gone);
    this.#byCredential.remove(gone.credentialId);
    gone.timer = this.#context.disarm(gone.timer);
  }

  /** Announces a transfer. */
  announce(nowUs: number, path: PathId, options: AnnounceOptions): AnnounceResult {
    const on = this.#pathBy(path);
    this.#context.runs(nowUs);
    const result = this.#announcer.announce(nowUs, on, options);
    this.#keeper.arm(nowUs, on);
    return result;
  }

  /** Ends an own transfer; harmless when it is over. */
  cancel(transfer: Id64): void {
    const entry = this.#context.transfers.get(transfer);
    if (entry?.role !== "announcer") return;
    this.#announcer.cancel(this.#pathBy(entry.transfer.path as PathId), entry.transfer);
  }

  /**
   * Begins to pull an offered transfer; harmless when it failed meanwhile. With `placed` its records are told one by one
   * instead of kept.
   */
  accept(nowUs: number, transfer: Id64, placed?: PlacedAccept): void {
    const entry = this.#context.transfers.get(transfer);
    if (entry?.role !== "puller") return;
    this.#puller.accept(nowUs, this.#pathBy(entry.transfer.path as PathId), entry.transfer, placed);
    this.#loop.issue(nowUs);
  }

  /**
   * Notes that so many bytes of placed records were used, so that more may be pulled. The memory of the record may be handed
   * back as `spare`, if nobody else holds it.
   */
  placed(transfer: Id64, bytes: number, spare?: Uint8Array): void {
    if (spare !== undefined) this.#context.spare.give(spare);
    const entry = this.#context.transfers.get(transfer);
    if (entry?.role !== "puller") return;
    this.#puller.assembler.placed(
      this.#pathBy(entry.transfer.path as PathId),
      entry.transfer,
      bytes,
    );
  }

  /** Ends an offered or running transfer from the peer; harmless when it is over. */
  reject(transfer: Id64): void {
    const entry = this.#context.transfers.get(transfer);
    if (entry?.role !== "puller") return;
    this.#puller.reject(this.#pathBy(entry.transfer.path as PathId), entry.transfer);
  }

  /** Notes that a delivered transfer was used, so that its announcer may announce another one. */
  consume(transfer: Id64): void {
    const entry = this.#context.transfers.get(transfer);
    if (entry?.role !== "puller") return;
    if (!this.#context.paths.has(entry.transfer.path as PathId)) {
      this.#context.transfers.remove(transfer);
      return;
    }
    this.#puller.consume(this.#pathBy(entry.transfer.path as PathId), entry.transfer);
  }

  /** Settles a token that was announced with `holdToken`; harmless when it is settled. */
  settleToken(token: Id64, outcome: TokenOutcome): void {
    this.#announcer.settleToken(token, outcome);
  }

  /** Closes a stream, or one direction of it. */
  close(nowUs: number, path: PathId, options: CloseOptions): void {
    this.#closer.close(nowUs, this.#pathBy(path), options);
  }

  /** Runs the timers that are due. */
  tick(nowUs: number): void {
    this.#context.runs(nowUs);
    this.#context.wheel.advance(nowUs, (payload) => this.#fire(nowUs, payload));
    this.#settle(nowUs);
  }

  /** When `tick` or `transmit` has something to do next; Infinity when idle. */
  nextDeadline(): number {
    return Math.min(this.#context.wheel.nextDeadline(), this.#transmitter.sendAtUs);
  }

  /** Adds datagrams to `into` until nothing may be sent now or the batch is full; returns how many. */
  transmit(nowUs: number, into: DatagramBatch): number {
    this.#context.nowUs = nowUs;
    return this.#transmitter.transmit(nowUs, into);
  }

  /** The next thing the application should know, or `undefined`. */
  nextEvent(): EngineEvent | undefined {
    return this.#context.events.shift();
  }

  /** Its numbers. */
  get stats(): EngineStats {
    const { counters, transfers, causality, pulls, wheel } = this.#context;
    const { payloadReceived, payloadSent } = counters;
    return {
      payloadSent,
      payloadReceived,
      entries: transfers.size,
      tracked: causality.size,
      outstandingBytes: pulls.outstanding,
      timers: wheel.size,
      closes: this.#closer.pending,
    };
  }

  /** Bytes of own transfers that are not over, and of pulls that are not answered: what a router weighs. */
  queuedBytes(): number {
    const { transfers, pulls } = this.#context;
    let bytes = pulls.outstanding;
    for (const entry of transfers.values()) {
      if (entry.role === "announcer" && !entry.transfer.isOver) bytes += entry.transfer.wireBytes;
    }
    return bytes;
  }

  /** What it has to do, for metrics. Looks at each path. */
  get load(): EngineLoad {
    const { paths, config } = this.#context;
    return loadOf(paths.values(), config.nicBytesPerSecond);
  }

  /** What it counted since it began. */
  get counters(): Readonly<EngineCounters> {
    return this.#context.counters;
  }

  /** How late it was called when something fell due, each time that it was; µs. */
  get loopGaps(): DistributionCounts {
    return this.#context.gaps.copy;
  }

  /** Where the peer of a path stands. */
  peerState(path: PathId): PeerState {
    return this.#pathBy(path).health.state;
  }

  #fire(nowUs: number, payload: number): void {
    const { kind, about } = EngineContext.timerOf(payload);
    if (kind === TimerKind.Path) {
      const path = this.#context.paths.get(about as PathId);
      if (path === undefined) return;
      path.timer = NO_TIMER;
      this.#context.dirty.add(path);
      this.#keeper.onTimer(nowUs, path);
      return;
    }
    if (kind === TimerKind.Close) {
      this.#closer.onTimer(nowUs, about);
      return;
    }
    const entry = this.#context.transfers.at(about);
    if (entry === undefined || entry.role === "tombstone") return;
    const path = this.#pathBy(entry.transfer.path as PathId);
    if (kind === TimerKind.Deadline) {
      if (entry.role !== "announcer") return;
      entry.transfer.deadlineTimer = NO_TIMER;
      this.#announcer.cancel(path, entry.transfer, Status.Deadline);
      return;
    }
    entry.transfer.timer = NO_TIMER;
    if (entry.role === "announcer") this.#announcer.onTimer(nowUs, path, entry.transfer);
    else this.#puller.onTimer(nowUs, path, entry.transfer);
  }

  #settle(nowUs: number): void {
    this.#announcer.settleCausality();
    for (const path of this.#context.dirty) this.#keeper.arm(nowUs, path);
  }

  #fail(path: Path, status: number): void {
    if (path.failedStatus !== undefined) return;
    if (FINAL_STATUSES.has(status)) path.failedStatus = status;
    for (const entry of this.#context.transfers.values()) {
      if (entry.role === "announcer" && entry.transfer.path === path.id) {
        this.#announcer.fail(path, entry.transfer, status, undefined);
      }
    }
    this.#puller.failAll(path, status);
    this.#closer.failAll(path);
    this.#context.events.push({ kind: "pathFailed", path: path.id, status });
  }

  #pathBy(id: PathId): Path {
    const path = this.#context.paths.get(id);
    if (path === undefined) throw new RangeError(`there is no path ${id}`);
    this.#context.dirty.add(path);
    return path;
  }
}
