import { DependencyKind } from "../causality/causality-map.js";
import { challengeProof } from "../crypto/challenge-proof.js";
import type { RegisteredBuffer } from "../buffer/buffer-registry.js";
import { AnnouncedTransfer, type ServeJob } from "../transfer/announced-transfer.js";
import {
  AcceptStatus,
  NO_NOTIFY_SEQ,
  PullFlag,
  RangeAckFlag,
  ResetCode,
} from "../wire/constants.js";
import { copyId, type Id64, id64, isZeroId, sameId } from "../wire/id64.js";
import { type AcceptEntry, entryAt, type TransferAccept } from "../wire/path-frames.js";
import type {
  CancelPull,
  Challenge,
  FlowReset,
  PullRequest,
  RangeAck,
} from "../wire/transfer-frames.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { Path } from "./path.js";
import { Status, statusOfReset } from "./status.js";

/** An announced transfer that another one waits for. */
export interface After {
  /** Its token. */
  readonly token: Id64;
  /** {@link DependencyKind}. */
  readonly kind: number;
}

/** What is to be announced. */
export interface AnnounceOptions {
  /** Pattern and shape bits. spec/dcquic.md §17.4 */
  readonly shape: number;
  /** 0 to 7. */
  readonly priority: number;
  /** The stream; absent for the transfer that opens one, whose id becomes that of the stream. */
  readonly streamId?: Id64;
  /** Number of the message in its direction. */
  readonly messageSeq: number;
  /** The bytes. They belong to the engine from now on; of a buffer it takes a reference of its own. */
  readonly payload: Uint8Array | RegisteredBuffer;
  /** For the acceptor, at most 1024 bytes. */
  readonly meta?: Uint8Array;
  /** Tracked transfers that must come first. */
  readonly after?: readonly After[];
  /** Whether others may name this one in `after`. */
  readonly track?: boolean;
}

/** What became of a wish to announce. */
export type AnnounceResult =
  | {
      readonly kind: "announced";
      /** Own id of the transfer. */
      readonly transfer: Id64;
      /** For `after`, if it is tracked. */
      readonly token: Id64 | undefined;
    }
  /** A table is full: try again when a transfer ended. */
  | { readonly kind: "backPressured" }
  /** The peer takes no new work, or a dependency failed. */
  | { readonly kind: "refused"; readonly status: number };

const NOTHING = new Uint8Array(0);
const REORDER_PACKETS = 3;
const ASK_AFTER_US = 1_000_000;
const RESET_WINDOW_US = 1_000_000;
const MAX_RESETS = 1000;

/**
 * The announcing side: what is announced when, what the peer may ask for, and when it is asked again.
 *
 * @see spec/dcquic.md §6, §9, §13
 */
export class Announcer {
  readonly #context: EngineContext;
  readonly #byToken = new Map<number, AnnouncedTransfer>();

  /** Works on what `context` holds. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Takes a transfer: it is announced once its dependencies allow it. */
  announce(nowUs: number, path: Path, options: AnnounceOptions): AnnounceResult {
    const { causality, transfers } = this.#context;
    const refusal = refusalOf(path);
    if (refusal !== undefined) return { kind: "refused", status: refusal };
    if (transfers.isFull) return { kind: "backPressured" };
    const tracked = options.track === true || (options.after ?? []).length > 0;
    const token = tracked ? causality.track() : undefined;
    if (tracked && token === undefined) return { kind: "backPressured" };
    const priority = Math.min(7, options.priority + (path.health.state === "degraded" ? 1 : 0));
    const transfer = new AnnouncedTransfer({
      path: path.id,
      shape: options.shape,
      priority,
      messageSeq: options.messageSeq,
      meta: options.meta ?? NOTHING,
      payload: options.payload,
      token,
    });
    transfers.insert({ role: "announcer", transfer }, transfer.id);
    copyId(transfer.streamId, options.streamId ?? transfer.id);
    if (!(options.payload instanceof Uint8Array)) this.#context.buffers.retain(options.payload);
    this.#context.begin(nowUs, path);
    if (token !== undefined) this.#byToken.set(token.lo, transfer);
    for (const { token: on, kind } of options.after ?? []) {
      if (token !== undefined && !this.#depend(transfer, token, on, kind)) {
        this.fail(path, transfer, Status.DependencyFailed, causality.rootCause(on));
        return { kind: "refused", status: Status.DependencyFailed };
      }
    }
    if (token === undefined || causality.waiting(token) === 0) this.#enqueue(path, transfer);
    return { kind: "announced", transfer: id64(transfer.id.hi, transfer.id.lo), token };
  }

  /** Ends an own transfer because the application wants no more of it, or because what it depends on failed. */
  cancel(
    path: Path,
    transfer: AnnouncedTransfer,
    status: number = Status.Cancelled,
    rootCause?: Id64,
  ): void {
    if (transfer.isOver || transfer.voiding) return;
    if (transfer.state === "accepted" || transfer.state === "serving") {
      path.resets.push({
        addresseeId: transfer.pullerId,
        ownId: transfer.id,
        notifySeq: transfer.notifySeq,
        code: ResetCode.Cancelled,
      });
    } else if (transfer.state === "announced") {
      if (transfer.inline) {
        transfer.cancelStatus ??= status;
        return;
      }
      // Its number is used: the peer must hear that nothing will come, or dependents would wait for ever.
      transfer.voiding = true;
      this.#queueResend(path, transfer);
      this.#report(path, transfer, status, rootCause);
      this.#settleToken(transfer, "failed");
      return;
    }
    this.fail(path, transfer, status, rootCause);
  }

  /** Obeys a TRANSFER_ACCEPT. */
  onAccept(nowUs: number, path: Path, frame: TransferAccept): void {
    for (let i = 0; i < frame.count; i++) this.#onAnswer(nowUs, path, entryAt(frame, i));
  }

  /** Obeys a PULL_REQUEST: the transfer, its path, its buffer and its window must all be right. §8.4 */
  onPull(nowUs: number, path: Path, frame: PullRequest): void {
    const transfer = this.#own(path, frame.announcerId);
    if (transfer === undefined) {
      this.#reset(nowUs, path, frame.pullerId, frame.announcerId, ResetCode.Unknown);
      return;
    }
    if (!sameId(frame.bufferId, transfer.bufferId)) {
      this.#context.note("foreignTransfer", path);
      this.#reset(nowUs, path, frame.pullerId, transfer.id, ResetCode.StaleBuffer);
      return;
    }
    const { ranges } = frame;
    if (ranges.count > 0 && ranges.end(ranges.count - 1) > transfer.wireBytes) {
      this.#context.note("foreignTransfer", path);
      this.#reset(nowUs, path, frame.pullerId, transfer.id, ResetCode.StaleBuffer);
      return;
    }
    this.#becomeAccepted(nowUs, path, transfer, frame.pullerId);
    if (transfer.isOver) return;
    // The puller missed what was sent: if that fills the window, nobody will ever report it.
    if ((frame.flags & PullFlag.Retransmit) !== 0) path.congestion.giveUpInflight();
    transfer.state = "serving";
    path.wishedRate = frame.rate;
    for (let i = 0; i < ranges.count; i++) {
      addJobs(path, transfer, frame.pullSeq, ranges.start(i), ranges.end(i));
    }
    this.#hold(path, frame);
    transfer.timer = this.#context.disarm(transfer.timer);
    this.#queueServing(path, transfer);
  }

  /** Obeys a CANCEL_PULL. */
  onCancelPull(path: Path, frame: CancelPull): void {
    const transfer = this.#own(path, frame.announcerId);
    if (transfer === undefined) return;
    if (frame.ranges.count === 0) dropJobs(path, transfer, () => false);
    for (let i = 0; i < frame.ranges.count; i++) {
      const [start, end] = [frame.ranges.start(i), frame.ranges.end(i)];
      dropJobs(path, transfer, (job) => job.next < start || job.end > end);
    }
  }

  /** Obeys a RANGE_ACK. */
  onRangeAck(nowUs: number, path: Path, frame: RangeAck): void {
    const transfer = this.#own(path, frame.announcerId);
    if (transfer === undefined) return;
    if ((frame.flags & RangeAckFlag.Complete) !== 0) transfer.acked.add(0, transfer.wireBytes);
    for (let i = 0; i < frame.ranges.count; i++) {
      transfer.acked.add(frame.ranges.start(i), Math.min(frame.ranges.end(i), transfer.wireBytes));
    }
    path.health.sample(nowUs, 0);
    if (transfer.acked.covered < transfer.wireBytes) return;
    if (transfer.inline && (frame.flags & RangeAckFlag.Complete) === 0) return;
    this.#drained(path, transfer);
  }

  /** Answers a TRANSFER_CHALLENGE, if the transfer is genuine and not over. §10.3 */
  onChallenge(path: Path, frame: Challenge): void {
    const transfer = this.#own(path, frame.announcerId);
    const { payload } = transfer ?? {};
    if (transfer?.notifySeq !== frame.notifySeq || !transfer.inline) {
      path.resets.push({
        addresseeId: id64(),
        ownId: id64(frame.announcerId.hi, frame.announcerId.lo),
        notifySeq: frame.notifySeq,
        code: ResetCode.Unknown,
      });
      return;
    }
    const bytes = payload instanceof Uint8Array ? payload : NOTHING;
    const { crypto } = this.#context;
    path.proofs.push({
      announcerId: transfer.id,
      notifySeq: frame.notifySeq,
      nonce: frame.nonce.slice(),
      proof: challengeProof(crypto, frame.nonce, transfer.id, frame.notifySeq, bytes),
    });
  }

  /** Obeys a FLOW_RESET that names an own transfer. */
  onReset(path: Path, transfer: AnnouncedTransfer, frame: FlowReset): void {
    this.fail(path, transfer, statusOfReset(frame.code), undefined);
  }

  /** Notes that the transfer's announcement is on the wire. */
  announced(nowUs: number, path: Path, transfer: AnnouncedTransfer, packetNumber: number): void {
    const isFirst = transfer.state === "queued";
    if (isFirst) transfer.state = "announced";
    this.#noteSent(nowUs, path, transfer, packetNumber);
    if (!isFirst) return;
    for (const waiting of path.gated.get(transfer) ?? []) this.#enqueue(path, waiting);
    path.gated.delete(transfer);
  }

  /** Notes that a taking back of its announcement is on the wire. */
  voided(nowUs: number, path: Path, transfer: AnnouncedTransfer, packetNumber: number): void {
    this.#noteSent(nowUs, path, transfer, packetNumber);
  }

  /** Whether the transfer can be announced now; if not, it is announced after the one it names. */
  isReady(path: Path, transfer: AnnouncedTransfer): boolean {
    const missing = transfer.after.find(
      ({ transfer: earlier }) => earlier.notifySeq < 0 && !earlier.isOver,
    );
    if (missing === undefined) return true;
    const gated = path.gated.get(missing.transfer) ?? [];
    gated.push(transfer);
    path.gated.set(missing.transfer, gated);
    return false;
  }

  /** Notes that all that was asked for is on the wire: RANGE_ACK is awaited. */
  served(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    transfer.sentUs = nowUs;
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    const { timer, id } = transfer;
    transfer.timer = this.#context.arm(timer, deadline, TimerKind.Announcer, id.lo);
  }

  /** The transfer's timer ran out: the announcement, or the last byte, is sent again. */
  onTimer(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.state === "accepted") {
      this.#queueResend(path, transfer);
      return;
    }
    path.rtt.expired(nowUs);
    path.health.sample(nowUs, 1);
    if (transfer.state === "announced" || transfer.voiding) {
      this.#queueResend(path, transfer);
      return;
    }
    if (transfer.state !== "serving") return;
    // Whether data or acknowledgement was lost: the window must not stay shut because of it.
    path.congestion.giveUpInflight();
    transfer.ackRequested = true;
    this.#queueServing(path, transfer);
  }

  /** Ends an own transfer that cannot succeed any more. */
  fail(path: Path, transfer: AnnouncedTransfer, status: number, rootCause: Id64 | undefined): void {
    if (transfer.isOver) return;
    if (!transfer.voiding) {
      this.#report(path, transfer, status, rootCause);
      this.#settleToken(transfer, "failed");
    }
    transfer.state = "failed";
    this.#forget(path, transfer);
  }

  /** Carries out what the causality map decided: who may go, and who fails with another. */
  settleCausality(): void {
    const { causality, paths } = this.#context;
    for (let token = causality.nextReleased(); token; token = causality.nextReleased()) {
      const transfer = this.#byToken.get(token.lo);
      const path = transfer && paths.get(transfer.path as Path["id"]);
      if (transfer?.state === "blocked" && path !== undefined) this.#enqueue(path, transfer);
    }
    for (let victim = causality.nextVictim(); victim; victim = causality.nextVictim()) {
      const transfer = this.#byToken.get(victim.token.lo);
      const path = transfer && paths.get(transfer.path as Path["id"]);
      if (transfer === undefined || path === undefined) continue;
      this.cancel(path, transfer, Status.DependencyFailed, victim.rootCause);
    }
  }

  #onAnswer(nowUs: number, path: Path, entry: AcceptEntry): void {
    const transfer = this.#own(path, entry.announcerId);
    if (transfer === undefined) return;
    this.#inferLoss(nowUs, path, transfer);
    path.unanswered.delete(transfer);
    if (transfer.voiding) {
      transfer.state = "failed";
      this.#forget(path, transfer);
      return;
    }
    switch (entry.status) {
      case AcceptStatus.New:
      case AcceptStatus.DuplicateActive:
        this.#becomeAccepted(nowUs, path, transfer, entry.pullerId);
        return;
      case AcceptStatus.DuplicateComplete:
        this.#drained(path, transfer);
        return;
      case AcceptStatus.Overloaded:
        return this.fail(path, transfer, Status.Overloaded, undefined);
      case AcceptStatus.NoAcceptor:
        return this.fail(path, transfer, Status.NoAcceptor, undefined);
      case AcceptStatus.Limit:
        return this.fail(path, transfer, Status.Limit, undefined);
      default:
        return this.fail(path, transfer, Status.Cancelled, undefined);
    }
  }

  #becomeAccepted(nowUs: number, path: Path, transfer: AnnouncedTransfer, pullerId: Id64): void {
    if (isZeroId(pullerId)) return;
    copyId(transfer.pullerId, pullerId);
    path.unanswered.delete(transfer);
    if (transfer.state === "accepted") this.#askLater(nowUs, path, transfer);
    if (transfer.state !== "announced") return;
    transfer.state = "accepted";
    this.#askLater(nowUs, path, transfer);
    path.health.sample(nowUs, 0);
    this.#context.events.push({
      kind: "transferAccepted",
      path: path.id,
      transfer: id64(transfer.id.hi, transfer.id.lo),
    });
    if (transfer.token !== undefined) this.#context.causality.requestDone(transfer.token);
    this.settleCausality();
    if (transfer.cancelStatus !== undefined) this.cancel(path, transfer, transfer.cancelStatus);
    else if (transfer.inline) this.#drained(path, transfer);
  }

  // A puller that takes its time is asked now and then whether it still knows of the transfer.
  #askLater(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    const deadline = nowUs + Math.max(ASK_AFTER_US, 8 * path.rtt.backedOffPtoUs);
    const { timer, id } = transfer;
    transfer.timer = this.#context.arm(timer, deadline, TimerKind.Announcer, id.lo);
  }

  // What was sent more than three packets before an answered announcement, and is unanswered, is lost. §13.2
  #inferLoss(nowUs: number, path: Path, answered: AnnouncedTransfer): void {
    const { srttUs } = path.rtt;
    for (const older of path.unanswered) {
      if (older.sentInPacket >= answered.sentInPacket - REORDER_PACKETS) return;
      if (older.sentUs > answered.sentUs - srttUs / 8) return;
      if (nowUs - older.resentUs < srttUs) continue;
      older.resentUs = nowUs;
      this.#queueResend(path, older);
    }
  }

  #noteSent(nowUs: number, path: Path, transfer: AnnouncedTransfer, packetNumber: number): void {
    if (transfer.state === "serving") return;
    transfer.sentUs = nowUs;
    transfer.sentInPacket = packetNumber;
    path.unanswered.delete(transfer);
    path.unanswered.add(transfer);
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    transfer.timer = this.#context.arm(
      transfer.timer,
      deadline,
      TimerKind.Announcer,
      transfer.id.lo,
    );
  }

  // Tells a puller whose bytes will wait longer than a round trip, so that it does not take waiting for loss. D-7
  #hold(path: Path, frame: PullRequest): void {
    const { bbr } = path.congestion;
    const { srttUs } = path.rtt;
    const windowRate = (bbr.windowBytes / srttUs) * 1e6;
    const rate = Math.min(bbr.pacingRate, windowRate, this.#context.nic.rate);
    const delayUs = Math.floor((path.servingBytes / rate) * 1e6);
    if (delayUs <= srttUs) return;
    const pullerId = id64(frame.pullerId.hi, frame.pullerId.lo);
    path.holds.push({ pullerId, pullSeq: frame.pullSeq, delayUs });
  }

  #queueResend(path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.resendQueued) return;
    transfer.resendQueued = true;
    path.resends.push(transfer);
    this.#context.dirty.add(path);
  }

  #queueServing(path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.serveQueued) return;
    transfer.serveQueued = true;
    path.serveQueue.push(transfer.priority, transfer.id.lo);
    this.#context.serving.add(path);
  }

  #enqueue(path: Path, transfer: AnnouncedTransfer): void {
    transfer.state = "queued";
    path.announceQueue.push(transfer.priority, transfer.id.lo);
    this.#context.dirty.add(path);
  }

  // On the same path the announcement names what it waits for, so that a pipeline costs no round trip. D-2
  #depend(transfer: AnnouncedTransfer, token: Id64, on: Id64, kind: number): boolean {
    const { causality } = this.#context;
    const earlier = this.#byToken.get(on.lo);
    const sameGeneration = earlier?.token !== undefined && sameId(earlier.token, on);
    const isRequest = kind === DependencyKind.Request || kind === DependencyKind.RequestCascade;
    if (earlier !== undefined && sameGeneration && isRequest && earlier.path === transfer.path) {
      transfer.after.push({ transfer: earlier, kind });
      return causality.follow(token, on, kind) !== "failed";
    }
    return causality.depend(token, on, kind) !== "failed";
  }

  #drained(path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.isOver) return;
    transfer.state = "drained";
    const transferId = id64(transfer.id.hi, transfer.id.lo);
    this.#context.events.push({ kind: "transferDrained", path: path.id, transfer: transferId });
    this.#settleToken(transfer, "complete");
    this.#forget(path, transfer);
  }

  #settleToken(transfer: AnnouncedTransfer, how: "complete" | "failed"): void {
    const { token } = transfer;
    if (token === undefined) return;
    this.#byToken.delete(token.lo);
    if (how === "complete") {
      this.#context.causality.requestDone(token);
      this.#context.causality.complete(token);
    } else this.#context.causality.fail(token);
    this.settleCausality();
  }

  #forget(path: Path, transfer: AnnouncedTransfer): void {
    const { buffers, transfers } = this.#context;
    transfer.timer = this.#context.disarm(transfer.timer);
    path.unanswered.delete(transfer);
    for (const waiting of path.gated.get(transfer) ?? []) this.#enqueue(path, waiting);
    path.gated.delete(transfer);
    transfers.remove(transfer.id);
    if (!(transfer.payload instanceof Uint8Array)) buffers.release(transfer.payload);
    dropJobs(path, transfer, () => false);
    if (transfer.notifySeq >= 0) {
      path.finished.add(transfer.notifySeq, transfer.notifySeq + 1);
      path.finishedSinceClosed += 1;
    }
    this.#context.end(path);
  }

  #report(path: Path, transfer: AnnouncedTransfer, status: number, rootCause?: Id64): void {
    this.#context.events.push({
      kind: "transferFailed",
      path: path.id,
      transfer: id64(transfer.id.hi, transfer.id.lo),
      side: "announcer",
      status,
      rootCause,
    });
  }

  #own(path: Path, id: Id64): AnnouncedTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    if (entry?.role !== "announcer") return undefined;
    if (entry.transfer.path === path.id) return entry.transfer;
    this.#context.note("foreignTransfer", path);
    return undefined;
  }

  // So many a second are enough for honest mistakes. §9.6
  #reset(nowUs: number, path: Path, addresseeId: Id64, ownId: Id64, code: number): void {
    if (nowUs - path.resetsSinceUs >= RESET_WINDOW_US) {
      path.resetsSinceUs = nowUs;
      path.resetCount = 0;
    }
    path.resetCount += 1;
    if (path.resetCount > MAX_RESETS) return;
    path.resets.push({
      addresseeId: id64(addresseeId.hi, addresseeId.lo),
      ownId: id64(ownId.hi, ownId.lo),
      notifySeq: NO_NOTIFY_SEQ,
      code,
    });
  }
}

// What is waiting to be sent already is not sent twice because its puller became impatient.
function addJobs(
  path: Path,
  transfer: AnnouncedTransfer,
  pullSeq: number,
  start: number,
  end: number,
): void {
  let next = start;
  const waiting = transfer.jobs.toSorted((a, b) => a.next - b.next);
  for (const job of [...waiting, { next: end, end }]) {
    const until = Math.min(job.next, end);
    if (until > next) {
      transfer.jobs.push({ pullSeq, next, end: until });
      path.servingBytes += until - next;
    }
    next = Math.max(next, job.end);
    if (next >= end) return;
  }
}

function dropJobs(path: Path, transfer: AnnouncedTransfer, keep: (job: ServeJob) => boolean): void {
  for (const job of transfer.jobs) if (!keep(job)) path.servingBytes -= job.end - job.next;
  const kept = transfer.jobs.filter(keep);
  transfer.jobs.splice(0, transfer.jobs.length, ...kept);
}

function refusalOf(path: Path): number | undefined {
  if (path.failedStatus !== undefined) return path.failedStatus;
  if (path.health.state === "probing") return Status.PeerProbing;
  return path.health.state === "failed" ? Status.PeerFailed : undefined;
}
