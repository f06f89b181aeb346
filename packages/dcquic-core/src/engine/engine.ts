import type { PeerState } from "../health/peer-health.js";
import type { EstablishedPath } from "../path/handshake.js";
import type { RmaRead } from "../rma/rma-port.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { Id64 } from "../wire/id64.js";
import type { AnnounceOptions, AnnounceResult, TokenOutcome } from "./announce-options.js";
import type { DatagramBatch } from "./batch.js";
import type { EngineContext } from "./context.js";
import type { EngineCounters } from "./counters.js";
import type { DistributionCounts } from "./distribution.js";
import { contextOf, type EngineOptions } from "./engine-options.js";
import { EngineInvariants } from "./engine-invariants.js";
import { EngineParts } from "./engine-parts.js";
import type { EnginePaths } from "./engine-paths.js";
import { type EngineStats, statsOf } from "./engine-stats.js";
import { EngineTimers } from "./engine-timers.js";
import type { EngineEvent, PathId } from "./events.js";
import type { AddressOwner } from "./path.js";
import type { AddPathOptions } from "./first-counters.js";
import type { ForeignPacket } from "./foreign-paths.js";
import { type EngineLoad, loadOf } from "./load.js";
import type { PlacedAccept } from "./puller.js";
import type { CloseOptions } from "./stream-closer.js";

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
  readonly #parts: EngineParts;
  readonly #paths: EnginePaths;
  readonly #timers: EngineTimers;
  #invariants: EngineInvariants | undefined;

  /** @throws RangeError for a configuration that contradicts itself. */
  constructor(options: EngineOptions) {
    this.#context = contextOf(options);
    this.#parts = new EngineParts(this.#context);
    this.#paths = this.#parts.paths;
    this.#timers = new EngineTimers(this.#context, this.#parts);
  }

  /** Takes what arrived. Nothing a peer sends makes it throw. */
  receive(nowUs: number, batch: DatagramBatch): void {
    this.#context.runs(nowUs);
    this.#parts.intake.receive(nowUs, batch);
    this.#settle(nowUs);
  }

  /** Weighs an ICMP message about the address of a path. */
  icmp(nowUs: number, path: PathId, kind: "unreachable" | "sourceQuench"): void {
    this.#parts.keeper.icmp(nowUs, this.#paths.by(path), kind);
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
    const transfer = this.#pulled(read.transfer);
    if (transfer === undefined) return;
    const path = this.#paths.of(transfer);
    this.#parts.puller.assembler.onRead(nowUs, path, transfer, read, slab, at);
    this.#settle(nowUs);
  }

  /** Has bytes that could not be read from a peer's memory asked for by UDP; `downgraded` says that it stays so for a while. */
  rmaFailed(read: RmaRead, how: "once" | "downgraded"): void {
    this.#context.counters.rmaErrors += 1;
    if (how === "downgraded") this.#context.events.push({ kind: "rmaDowngraded", path: read.path });
    const transfer = this.#pulled(read.transfer);
    const pull = transfer?.pulls.find(({ seq }) => seq === read.pullSeq);
    if (transfer === undefined || pull === undefined || pull.sentUs < 0) return;
    this.#parts.loop.repull(this.#paths.of(transfer), transfer, pull);
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
    return this.#paths.add(nowUs, established, address, options);
  }

  /** Learns that another worker of this host is home to a path: datagrams under it are told by {@link Engine.nextForeign}. */
  addForeignPath(credentialId: Uint8Array, home: number): void {
    this.#parts.foreign.add(credentialId, home);
  }

  /** Forgets a path of another worker. */
  removeForeignPath(credentialId: Uint8Array): void {
    this.#parts.foreign.remove(credentialId);
  }

  /** The next datagram that belongs to another worker, or `undefined`. D-33 */
  nextForeign(): ForeignPacket | undefined {
    return this.#parts.foreign.next();
  }

  /**
   * Learns another address of a path's peer, which is answered where it was heard last; or that of another worker of the peer,
   * which hands over what is sent to it. §18, D-33
   */
  addAddress(path: PathId, address: number, whose: AddressOwner): void {
    this.#paths.by(path).addAddress(address, whose);
  }

  /**
   * Asks of the peer of a path whether it is still reached, because the NIC behind the way to it is gone: until it answers,
   * new streams are refused. §14, §18
   */
  doubt(nowUs: number, path: PathId): void {
    this.#parts.keeper.doubt(nowUs, this.#paths.by(path));
  }

  /** Tries the next address of a peer that was not heard for `silentUs`, or does not answer although it is; says whether it did. */
  nextAddress(nowUs: number, path: PathId, silentUs: number): boolean {
    return this.#paths.nextAddress(nowUs, this.#paths.by(path), silentUs);
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
    const [before, after] = [this.#paths.by(from), this.#paths.by(to)];
    if (after.id <= before.id) throw new RangeError(`a move from path ${from} back to ${to}`);
    this.#parts.closer.move(nowUs, before, after);
    return this.#parts.announcer.move(nowUs, before, after);
  }

  /**
   * Tells phases of transfers from now on where `groups` has the bit of group `transfer`, and no more where it has not: what
   * nobody wants is not made.
   *
   * @see spec/dcquic.md §21
   */
  watch(groups: number): void {
    this.#context.watched = groups;
  }

  /** Fails everything that runs on a path; `status` is one of §15. */
  failPath(path: PathId, status: number): void {
    this.#parts.fail(this.#paths.by(path), status);
  }

  /** Forgets a path. What still runs on it fails. */
  removePath(path: PathId): void {
    this.#paths.remove(this.#paths.by(path));
  }

  /** Announces a transfer. */
  announce(nowUs: number, path: PathId, options: AnnounceOptions): AnnounceResult {
    const on = this.#paths.by(path);
    this.#context.runs(nowUs);
    const result = this.#parts.announcer.announce(nowUs, on, options);
    this.#parts.keeper.arm(nowUs, on);
    return result;
  }

  /** Ends an own transfer; harmless when it is over. */
  cancel(transfer: Id64): void {
    const entry = this.#context.transfers.get(transfer);
    if (entry?.role !== "announcer") return;
    this.#parts.announcer.cancel(this.#paths.of(entry), entry);
  }

  /**
   * Begins to pull an offered transfer; harmless when it failed meanwhile. With `placed` its records are told one by one
   * instead of kept.
   */
  accept(nowUs: number, transfer: Id64, placed?: PlacedAccept): void {
    const offered = this.#pulled(transfer);
    if (offered === undefined) return;
    this.#parts.puller.accept(nowUs, this.#paths.of(offered), offered, placed);
    this.#parts.loop.issue(nowUs);
  }

  /**
   * Notes that so many bytes of placed records were used, so that more may be pulled. The memory of the record may be handed
   * back as `spare`, if nobody else holds it.
   */
  placed(transfer: Id64, bytes: number, spare?: Uint8Array): void {
    if (spare !== undefined) this.#context.spare.give(spare);
    const used = this.#pulled(transfer);
    if (used === undefined) return;
    this.#parts.puller.assembler.placed(this.#paths.of(used), used, bytes);
  }

  /** Ends an offered or running transfer from the peer; harmless when it is over. */
  reject(transfer: Id64): void {
    const unwanted = this.#pulled(transfer);
    if (unwanted === undefined) return;
    this.#parts.puller.reject(this.#paths.of(unwanted), unwanted);
  }

  /** Notes that a transfer was used that was delivered, or offered whole, so that its announcer may announce another one. */
  consume(transfer: Id64): void {
    const used = this.#pulled(transfer);
    if (used === undefined) return;
    if (this.#paths.has(used)) this.#parts.puller.consume(this.#paths.of(used), used);
    else this.#context.transfers.remove(transfer);
  }

  /** Settles a token that was announced with `holdToken`; harmless when it is settled. */
  settleToken(token: Id64, outcome: TokenOutcome): void {
    this.#parts.announcer.settleToken(token, outcome);
  }

  /** Closes a stream, or one direction of it; harmless when its path is over. */
  close(nowUs: number, path: PathId, options: CloseOptions): void {
    if (!this.#paths.has({ path })) return;
    this.#parts.closer.close(nowUs, this.#paths.by(path), options);
  }

  /** Runs the timers that are due. */
  tick(nowUs: number): void {
    this.#context.runs(nowUs);
    this.#timers.run(nowUs);
    this.#settle(nowUs);
  }

  /** When `tick` or `transmit` has something to do next; Infinity when idle. */
  nextDeadline(): number {
    return Math.min(this.#context.wheel.nextDeadline(), this.#parts.transmitter.sendAtUs);
  }

  /** Adds datagrams to `into` until nothing may be sent now or the batch is full; returns how many. */
  transmit(nowUs: number, into: DatagramBatch): number {
    this.#context.nowUs = nowUs;
    return this.#parts.transmitter.transmit(nowUs, into);
  }

  /** The next thing the application should know, or `undefined`. */
  nextEvent(): EngineEvent | undefined {
    return this.#context.events.shift();
  }

  /** Its numbers. */
  get stats(): EngineStats {
    return statsOf(this.#context, this.#parts.closer.pending);
  }

  /** Bytes of own transfers that are not over, and of pulls that are not answered: what a router weighs. */
  queuedBytes(): number {
    const { transfers, pulls } = this.#context;
    let bytes = pulls.outstanding;
    for (const entry of transfers.values()) {
      if (entry.role === "announcer" && !entry.isOver) bytes += entry.wireBytes;
    }
    return bytes;
  }

  /** What is wrong with what it holds, or `undefined`: for simulators and tests, which may ask between any two calls. §23 */
  brokenInvariant(): string | undefined {
    this.#invariants ??= new EngineInvariants(this.#context);
    return this.#invariants.broken();
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

  /** The smoothed round trip of a path, µs; 0 of a path that is gone. */
  roundTripUs(path: PathId): number {
    return this.#context.paths.get(path)?.rtt.srttUs ?? 0;
  }

  /** Where the peer of a path stands. */
  peerState(path: PathId): PeerState {
    return this.#paths.by(path).health.state;
  }

  #pulled(id: Id64): PulledTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    return entry?.role === "puller" ? entry : undefined;
  }

  #settle(nowUs: number): void {
    this.#parts.announcer.settleCausality();
    for (const path of this.#context.dirty.all) this.#parts.keeper.arm(nowUs, path);
  }
}
