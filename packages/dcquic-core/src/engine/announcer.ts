import { challengeProof } from "../crypto/challenge-proof.js";
import { NO_TIMER } from "../sched/timing-wheel.js";
import { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { AcceptStatus, Pattern, PullFlag, RangeAckFlag, ResetCode } from "../wire/constants.js";
import { copyId, type Id64, id64, isZeroId, sameId } from "../wire/id64.js";
import { type AcceptEntry, entryAt, type TransferAccept } from "../wire/path-frames.js";
import type { RangeList } from "../wire/ranges.js";
import type {
  CancelPull,
  Challenge,
  FlowReset,
  PullRequest,
  RangeAck,
} from "../wire/transfer-frames.js";
import type { AnnounceOptions, AnnounceResult, TokenOutcome } from "./announce-options.js";
import { type EngineContext, TimerKind } from "./context.js";
import { DependencyGate } from "./dependency-gate.js";
import { answerMismatch } from "./mismatch.js";
import type { KeyRetirement } from "./key-retirement.js";
import { MoveOut } from "./move-out.js";
import type { Path } from "./path.js";
import { Resending } from "./resending.js";
import type { Serving } from "./serving.js";
import { Status, statusOfReset } from "./status.js";

const NOTHING = new Uint8Array(0);
const PATTERN_BITS = 7;
// No honest puller, whatever it lost, acknowledges a message in more pieces at a time.
const MAX_ACKED_PIECES = 65_536;

/**
 * The announcing side: what is announced when, what the peer may ask for, and when it is asked again.
 *
 * @see spec/dcquic.md §6, §9, §13
 */
export class Announcer {
  readonly #context: EngineContext;
  readonly #serving: Serving;
  readonly #retirement: KeyRetirement;
  readonly #gate: DependencyGate;
  readonly #resending: Resending;
  readonly #moveOut: MoveOut;

  /** Works on what `context` holds; what is asked of own transfers goes to `serving`, keys out of use to `retirement`. */
  constructor(context: EngineContext, serving: Serving, retirement: KeyRetirement) {
    this.#context = context;
    this.#serving = serving;
    this.#retirement = retirement;
    this.#resending = new Resending(context);
    this.#moveOut = new MoveOut(context, serving, (path, transfer) =>
      this.#enqueue(path, transfer),
    );
    this.#gate = new DependencyGate(context, {
      enqueue: (path, transfer) => this.#enqueue(path, transfer),
      victim: (path, transfer, rootCause) =>
        this.cancel(path, transfer, Status.DependencyFailed, rootCause),
    });
  }

  /** Takes a transfer: it is announced once its dependencies allow it. */
  announce(nowUs: number, path: Path, options: AnnounceOptions): AnnounceResult {
    const { causality, transfers } = this.#context;
    const refusal = refusalOf(path, options);
    if (refusal !== undefined) return { kind: "refused", status: refusal };
    if (transfers.isFull || this.#isCrowded(path, options)) return { kind: "backPressured" };
    const tracked = options.track === true || (options.after?.length ?? 0) > 0;
    const token = tracked ? causality.track() : undefined;
    if (tracked && token === undefined) return { kind: "backPressured" };
    const transfer = new AnnouncedTransfer({
      path: path.id,
      shape: options.shape,
      priority: options.priority,
      streamId: options.streamId,
      messageSeq: options.messageSeq,
      meta: options.meta ?? NOTHING,
      payload: options.payload,
      token,
      mayInline: options.inline !== "never",
      holdToken: options.holdToken,
    });
    transfers.insert({ role: "announcer", transfer }, transfer.id);
    if (!(options.payload instanceof Uint8Array)) {
      this.#context.buffers.attach(options.payload, transfer.acked);
      this.#retirement.begin(path, options.payload);
      const { rma } = this.#context;
      if (rma !== undefined) transfer.rmaKeys = rma.offer(path, options.payload);
    }
    this.#context.begin(nowUs, path);
    const { deadlineUs } = options;
    if (deadlineUs !== undefined) {
      transfer.deadlineTimer = this.#context.arm(
        NO_TIMER,
        deadlineUs,
        TimerKind.Deadline,
        transfer.id.lo,
      );
    }
    this.#gate.add(transfer);
    for (const { token: on, kind } of options.after ?? []) {
      if (token !== undefined && !this.#gate.depend(transfer, token, on, kind)) {
        this.fail(path, transfer, Status.DependencyFailed, causality.rootCause(on));
        return { kind: "refused", status: Status.DependencyFailed };
      }
    }
    if (token === undefined || causality.waiting(token) === 0) this.#enqueue(path, transfer);
    return { kind: "announced", transfer: transfer.id, token };
  }

  /** Takes everything that is not over to another path of the same peer; returns how many transfers that were. */
  move(nowUs: number, from: Path, to: Path): number {
    return this.#moveOut.move(nowUs, from, to);
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
      path.outbox.resets.push({
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
      this.#resending.again(path, transfer);
      this.#report(path, transfer, status, rootCause);
      this.#gate.ended(transfer, "failed");
      return;
    }
    if (transfer.state === "queued" && transfer.origin !== undefined) {
      // The peer knows it by its first announcement, and can be told once it answered the second.
      transfer.cancelStatus ??= status;
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
      // Its puller will hear on the other path where the transfer went.
      if (this.#hasMoved(path, frame.announcerId)) return;
      answerMismatch(nowUs, path, frame.pullerId, frame.announcerId, ResetCode.Unknown);
      return;
    }
    if (!sameId(frame.bufferId, transfer.bufferId)) {
      this.#context.note("foreignTransfer", path);
      answerMismatch(nowUs, path, frame.pullerId, transfer.id, ResetCode.StaleBuffer);
      return;
    }
    const { ranges } = frame;
    if (!this.#holds(transfer, ranges)) {
      this.#context.note("foreignTransfer", path);
      answerMismatch(nowUs, path, frame.pullerId, transfer.id, ResetCode.StaleBuffer);
      return;
    }
    this.#becomeAccepted(nowUs, path, transfer, frame.pullerId);
    if (transfer.isOver) return;
    // The puller missed what was sent: if that fills the window, nobody will ever report it.
    if ((frame.flags & PullFlag.Retransmit) !== 0) {
      path.congestion.giveUpInflight();
      path.mtu.dataTimedOut(nowUs, path.rtt.ptoUs);
    }
    transfer.state = "serving";
    this.#serving.request(path, transfer, frame);
  }

  /** Obeys a CANCEL_PULL. */
  onCancelPull(path: Path, frame: CancelPull): void {
    const transfer = this.#own(path, frame.announcerId);
    if (transfer !== undefined) this.#serving.withdraw(path, transfer, frame.ranges);
  }

  /** Obeys a RANGE_ACK. */
  onRangeAck(nowUs: number, path: Path, frame: RangeAck): void {
    const transfer = this.#own(path, frame.announcerId);
    if (transfer === undefined) return;
    const isComplete = (frame.flags & RangeAckFlag.Complete) !== 0;
    if (!isComplete && transfer.acked.count > MAX_ACKED_PIECES) {
      return this.#context.note("protocolViolation", path);
    }
    const before = transfer.acked.covered;
    if (isComplete) transfer.acked.add(0, transfer.wireBytes);
    for (let i = 0; i < frame.ranges.count; i++) {
      transfer.acked.add(frame.ranges.start(i), Math.min(frame.ranges.end(i), transfer.wireBytes));
    }
    path.health.sample(nowUs, 0);
    path.mtu.dataArrived(transfer.acked.covered - before);
    if (!(transfer.payload instanceof Uint8Array)) {
      this.#context.buffers.acknowledged(transfer.payload);
    }
    if ((transfer.shape & PATTERN_BITS) === Pattern.RawBulk) this.#progressed(path, transfer);
    if (transfer.acked.covered < transfer.wireBytes) return;
    if (transfer.inline && !isComplete) return;
    this.#drained(path, transfer);
  }

  // Bytes that the puller acknowledged may be gone already.
  #holds({ payload, wireBytes }: AnnouncedTransfer, ranges: RangeList): boolean {
    const { buffers } = this.#context;
    if (ranges.count > 0 && ranges.end(ranges.count - 1) > wireBytes) return false;
    for (let i = 0; i < ranges.count; i++) {
      if (payload instanceof Uint8Array) return true;
      const [start, end] = [ranges.start(i), ranges.end(i)];
      if (!buffers.holds(payload, start, end)) return false;
    }
    return true;
  }

  /** Answers a TRANSFER_CHALLENGE, if the transfer is genuine and not over. §10.3 */
  onChallenge(path: Path, frame: Challenge): void {
    const transfer = this.#own(path, frame.announcerId);
    const { payload } = transfer ?? {};
    if (transfer?.notifySeq !== frame.notifySeq || !transfer.inline) {
      path.outbox.resets.push({
        addresseeId: id64(),
        ownId: id64(frame.announcerId.hi, frame.announcerId.lo),
        notifySeq: frame.notifySeq,
        code: ResetCode.Unknown,
      });
      return;
    }
    const bytes = payload instanceof Uint8Array ? payload : NOTHING;
    const { crypto } = this.#context;
    path.outbox.proofs.push({
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
    this.#resending.sent(nowUs, path, transfer, packetNumber);
    if (!isFirst) return;
    this.#gate.ungate(path, transfer);
  }

  /** Notes that a taking back of its announcement is on the wire. */
  voided(nowUs: number, path: Path, transfer: AnnouncedTransfer, packetNumber: number): void {
    this.#resending.sent(nowUs, path, transfer, packetNumber);
  }

  /** Whether the transfer can be announced now; if not, it is announced after the one it names. */
  isReady(path: Path, transfer: AnnouncedTransfer): boolean {
    return this.#gate.isReady(path, transfer);
  }

  /** The transfer's timer ran out: the announcement, or the last byte, is sent again. */
  onTimer(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.state === "accepted") {
      this.#resending.again(path, transfer);
      return;
    }
    path.rtt.expired(nowUs);
    path.health.sample(nowUs, 1);
    if (transfer.state === "announced" || transfer.voiding) {
      this.#resending.again(path, transfer);
      return;
    }
    if (transfer.state !== "serving") return;
    // Whether data or acknowledgement was lost: the window must not stay shut because of it.
    path.congestion.giveUpInflight();
    path.mtu.dataTimedOut(nowUs, path.rtt.ptoUs);
    transfer.ackRequested = true;
    this.#serving.queue(path, transfer);
  }

  /** Ends an own transfer that cannot succeed any more. */
  fail(path: Path, transfer: AnnouncedTransfer, status: number, rootCause: Id64 | undefined): void {
    if (transfer.isOver) return;
    if (!transfer.voiding) {
      this.#report(path, transfer, status, rootCause);
      this.#gate.ended(transfer, "failed");
    }
    transfer.state = "failed";
    this.#forget(path, transfer);
  }

  /** Settles a token that a stream holds. */
  settleToken(token: Id64, outcome: TokenOutcome): void {
    this.#gate.settleHeld(token, outcome);
  }

  /** Carries out what the causality map decided. */
  settleCausality(): void {
    this.#gate.settle();
  }

  #isCrowded(path: Path, { priority }: AnnounceOptions): boolean {
    const { maxTransfersPerPeer, queueDepth } = this.#context.config;
    return path.live >= maxTransfersPerPeer || path.announceQueue.depth(priority) >= queueDepth;
  }

  #progressed(path: Path, { id, acked, wireBytes }: AnnouncedTransfer): void {
    this.#context.events.push({
      kind: "transferProgressed",
      path: path.id,
      transfer: id,
      ackedBytes: acked.covered,
      totalBytes: wireBytes,
    });
  }

  #onAnswer(nowUs: number, path: Path, entry: AcceptEntry): void {
    const transfer = this.#own(path, entry.announcerId);
    if (transfer === undefined) return;
    this.#resending.infer(nowUs, path, transfer);
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
    if (transfer.state === "accepted") this.#resending.askLater(nowUs, path, transfer);
    if (transfer.state !== "announced") return;
    transfer.state = "accepted";
    this.#resending.askLater(nowUs, path, transfer);
    path.health.sample(nowUs, 0);
    this.#context.events.push({
      kind: "transferAccepted",
      path: path.id,
      transfer: transfer.id,
    });
    this.#gate.accepted(transfer);
    if (transfer.cancelStatus !== undefined) this.cancel(path, transfer, transfer.cancelStatus);
    else if (transfer.inline) this.#drained(path, transfer);
  }

  #enqueue(path: Path, transfer: AnnouncedTransfer): void {
    transfer.state = "queued";
    path.announceQueue.push(transfer.level, transfer.id.lo);
    this.#context.dirty.add(path);
  }

  #drained(path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.isOver) return;
    transfer.state = "drained";
    this.#context.events.push({ kind: "transferDrained", path: path.id, transfer: transfer.id });
    this.#gate.ended(transfer, "complete");
    this.#forget(path, transfer);
  }

  #forget(path: Path, transfer: AnnouncedTransfer): void {
    const { buffers, transfers } = this.#context;
    transfer.timer = this.#context.disarm(transfer.timer);
    transfer.deadlineTimer = this.#context.disarm(transfer.deadlineTimer);
    path.unanswered.delete(transfer);
    this.#gate.ungate(path, transfer);
    transfers.remove(transfer.id);
    if (!(transfer.payload instanceof Uint8Array)) {
      this.#retirement.end(this.#context.nowUs, path, transfer.payload);
      if (transfer.rmaKeys.length > 0) {
        const how = transfer.state === "drained" ? "drained" : "failed";
        this.#context.rma?.withdraw(this.#context.nowUs, transfer.payload, how);
      }
      buffers.detach(transfer.payload, transfer.acked);
    }
    this.#serving.drop(path, transfer);
    if (transfer.notifySeq >= 0) this.#close(path.id, transfer.notifySeq);
    for (const { path: former, notifySeq } of transfer.former) this.#close(former, notifySeq);
    this.#context.end(path);
  }

  #close(pathId: number, notifySeq: number): void {
    const path = this.#context.paths.get(pathId as Path["id"]);
    if (path === undefined) return;
    path.finished.add(notifySeq, notifySeq + 1);
    path.finishedSinceClosed += 1;
    this.#context.dirty.add(path);
  }

  #report(path: Path, transfer: AnnouncedTransfer, status: number, rootCause?: Id64): void {
    this.#context.events.push({
      kind: "transferFailed",
      path: path.id,
      transfer: transfer.id,
      side: "announcer",
      status,
      rootCause,
    });
  }

  #own(path: Path, id: Id64): AnnouncedTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    if (entry?.role !== "announcer") return undefined;
    if (entry.transfer.path === path.id) {
      if (isOnTheWire(entry.transfer)) return entry.transfer;
      this.#context.note("foreignTransfer", path);
      return undefined;
    }
    if (!this.#hasMoved(path, id)) this.#context.note("foreignTransfer", path);
    return undefined;
  }

  #hasMoved(path: Path, id: Id64): boolean {
    const entry = this.#context.transfers.get(id);
    if (entry?.role !== "announcer" || entry.transfer.path === path.id) return false;
    return entry.transfer.former.some((former) => former.path === path.id);
  }
}

// Whoever names a transfer that was not announced to it guessed.
function isOnTheWire({ state }: AnnouncedTransfer): boolean {
  return state !== "blocked" && state !== "queued";
}

function refusalOf({ failedStatus, health }: Path, options: AnnounceOptions): number | undefined {
  if (failedStatus !== undefined) return failedStatus;
  if (health.state === "failed") return Status.PeerFailed;
  // What a stream says further is no new call: it waits as running transfers do. spec/dcquic.md §14
  const opens = options.streamId === undefined;
  return health.state === "probing" && opens ? Status.PeerProbing : undefined;
}
