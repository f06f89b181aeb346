import { NO_TIMER } from "../sched/timing-wheel.js";
import { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { AcceptStatus, ResetCode } from "../wire/constants.js";
import { type Id64, id64, isZeroId, sameId } from "../wire/id64.js";
import type { AnnounceOptions, AnnounceResult, TokenOutcome } from "./announce-options.js";
import { type EngineContext, TimerKind } from "./context.js";
import { DependencyGate } from "./dependency-gate.js";
import type { KeyRetirement } from "./key-retirement.js";
import { MoveOut } from "./move-out.js";
import type { Path } from "./path.js";
import { Resending } from "./resending.js";
import type { Serving } from "./serving.js";
import { Status } from "./status.js";
import { TransferDrained } from "./transfer-drained.js";

/**
 * The announcing side: what is announced when, when it is asked again, and how own transfers end.
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
    const transfer = new AnnouncedTransfer(path.id, options, token);
    transfers.insert(transfer, transfer.id);
    if (!(options.payload instanceof Uint8Array)) {
      this.#context.buffers.attach(options.payload, transfer.progress.acked);
      this.#retirement.begin(path, options.payload);
      const { rma } = this.#context;
      if (rma !== undefined) transfer.progress.rmaKeys = rma.offer(path, options.payload);
    }
    this.#context.begin(nowUs, path);
    const { deadlineUs } = options;
    if (deadlineUs !== undefined) {
      transfer.ownExtras.deadlineTimer = this.#context.arm(
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
    if (transfer.isOver || transfer.extras.voiding) return;
    if (transfer.state === "accepted" || transfer.state === "serving") {
      path.outbox.resets.push({
        addresseeId: transfer.pullerId,
        ownId: transfer.id,
        notifySeq: transfer.notifySeq,
        code: ResetCode.Cancelled,
      });
      this.#rememberCancelled(path, transfer);
    } else if (transfer.state === "announced") {
      if (transfer.inline) {
        transfer.ownExtras.cancelStatus ??= status;
        return;
      }
      // Its number is used: the peer must hear that nothing will come, or dependents would wait for ever.
      transfer.ownExtras.voiding = true;
      this.#resending.takeBack(path, transfer);
      this.#report(path, transfer, status, rootCause);
      this.#gate.ended(transfer, "failed");
      return;
    }
    if (transfer.state === "queued" && transfer.extras.origin !== undefined) {
      // The peer knows it by its first announcement, and can be told once it answered the second.
      transfer.ownExtras.cancelStatus ??= status;
      return;
    }
    this.fail(path, transfer, status, rootCause);
  }

  /** Notes that the transfer's announcement is on the wire. */
  announced(nowUs: number, path: Path, transfer: AnnouncedTransfer, packetNumber: number): void {
    const isFirst = transfer.state === "queued";
    if (isFirst) transfer.state = "announced";
    this.#resending.sent(nowUs, path, transfer, packetNumber);
    if (!isFirst) return;
    this.#context.tellPhase("transferAnnounced", path, transfer.id);
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

  /** Notes that an announcement was answered with `status`, and says whether its transfer goes on. */
  answered(nowUs: number, path: Path, transfer: AnnouncedTransfer, status: number): boolean {
    this.#resending.infer(nowUs, path, transfer);
    // An answer to the announcement says nothing of what takes it back: that is repeated for as long as the peer has it. D-2
    const { voiding } = transfer.extras;
    if (voiding && isTaken(status)) return false;
    path.unanswered.delete(transfer);
    if (!voiding) return true;
    transfer.state = "failed";
    this.#forget(path, transfer);
    return false;
  }

  /** Notes that the peer has a transfer, under `pullerId`. */
  accepted(nowUs: number, path: Path, transfer: AnnouncedTransfer, pullerId: Id64): void {
    if (isZeroId(pullerId)) return;
    path.unanswered.delete(transfer);
    if (transfer.state !== "announced") {
      know(transfer, pullerId);
      if (transfer.state === "accepted") this.#resending.askLater(nowUs, path, transfer);
      return;
    }
    path.health.sample(nowUs, 0);
    this.#gate.accepted(transfer);
    // What rode in the announcement is there with it: that is one thing to tell, and most of what is told.
    const { cancelStatus } = transfer.extras;
    if (transfer.inline && cancelStatus === undefined) return this.drained(path, transfer);
    know(transfer, pullerId);
    transfer.state = "accepted";
    this.#context.events.push({
      kind: "transferAccepted",
      path: path.id,
      transfer: transfer.id,
    });
    if (cancelStatus !== undefined) this.cancel(path, transfer, cancelStatus);
    else if (!transfer.isOver) this.#resending.askLater(nowUs, path, transfer);
  }

  /** The transfer's timer ran out: the announcement, or the last byte, is sent again. */
  onTimer(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.state === "accepted") {
      this.#resending.again(path, transfer);
      return;
    }
    path.rtt.expired(nowUs);
    path.health.sample(nowUs, 1);
    if (transfer.state === "announced" || transfer.extras.voiding) {
      this.#resending.late(nowUs, path, transfer);
      return;
    }
    if (transfer.state !== "serving") return;
    // Whether data or acknowledgement was lost: the window must not stay shut because of it.
    path.congestion.giveUpInflight();
    path.mtu.dataTimedOut(nowUs, path.rtt.ptoUs);
    transfer.progress.ackRequested = true;
    this.#context.counters.chunksRepeatedTimer += 1;
    this.#serving.queue(path, transfer);
  }

  /** Ends an own transfer all of whose bytes arrived. */
  drained(path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.isOver) return;
    const isFirstWord = transfer.state === "announced";
    transfer.state = "drained";
    this.#context.events.push(new TransferDrained(path.id, transfer.id, isFirstWord));
    this.#gate.ended(transfer, "complete");
    this.#forget(path, transfer);
  }

  /** Ends an own transfer that cannot succeed any more. */
  fail(path: Path, transfer: AnnouncedTransfer, status: number, rootCause: Id64 | undefined): void {
    if (transfer.isOver) return;
    if (!transfer.extras.voiding) {
      this.#report(path, transfer, status, rootCause);
      this.#gate.ended(transfer, "failed");
    }
    transfer.state = "failed";
    this.#forget(path, transfer);
  }

  /** Fails everything that runs on a path. */
  failAll(path: Path, status: number): void {
    for (const entry of this.#context.transfers.values()) {
      if (entry.role === "announcer" && entry.path === path.id) {
        this.fail(path, entry, status, undefined);
      }
    }
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

  #enqueue(path: Path, transfer: AnnouncedTransfer): void {
    transfer.state = "queued";
    path.announceQueue.push(transfer.level, transfer.id.lo);
    this.#context.dirty.add(path);
  }

  #forget(path: Path, transfer: AnnouncedTransfer): void {
    const { buffers, transfers } = this.#context;
    transfer.timer = this.#context.disarm(transfer.timer);
    const { deadlineTimer, former } = transfer.extras;
    if (deadlineTimer !== NO_TIMER) {
      transfer.ownExtras.deadlineTimer = this.#context.disarm(deadlineTimer);
    }
    path.unanswered.delete(transfer);
    this.#gate.ungate(path, transfer);
    transfers.remove(transfer.id);
    if (!(transfer.payload instanceof Uint8Array)) {
      const { acked, rmaKeys, wasRepulled } = transfer.progress;
      this.#retirement.end(this.#context.nowUs, path, transfer.payload);
      if (rmaKeys.length > 0) {
        // A read that took too long is under way still, though what it was to bring was sent meanwhile.
        const isRead = transfer.state === "drained" && !wasRepulled;
        const how = isRead ? "drained" : "failed";
        this.#context.rma?.withdraw(this.#context.nowUs, transfer.payload, how);
      }
      buffers.detach(transfer.payload, acked);
    }
    this.#serving.drop(path, transfer);
    if (transfer.notifySeq >= 0) this.#close(path.id, transfer.notifySeq);
    for (const { path: before, notifySeq } of former) this.#close(before, notifySeq);
    this.#context.end(path);
  }

  // On every path that its puller may ask on.
  #rememberCancelled(path: Path, { id, extras }: AnnouncedTransfer): void {
    path.cancelled(id);
    for (const { path: before } of extras.former) {
      this.#context.paths.get(before as Path["id"])?.cancelled(id);
    }
  }

  #close(pathId: number, notifySeq: number): void {
    const path = this.#context.paths.get(pathId as Path["id"]);
    if (path === undefined) return;
    path.finished.add(notifySeq, notifySeq + 1);
    path.closed.finished();
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
}

function know(transfer: AnnouncedTransfer, pullerId: Id64): void {
  if (!sameId(transfer.pullerId, pullerId)) transfer.pullerId = id64(pullerId.hi, pullerId.lo);
}

// Whether the peer that answers so has the transfer in its tables.
function isTaken(status: number): boolean {
  return status === AcceptStatus.New || status === AcceptStatus.DuplicateActive;
}

function refusalOf({ failedStatus, health }: Path, options: AnnounceOptions): number | undefined {
  if (failedStatus !== undefined) return failedStatus;
  if (health.state === "failed") return Status.PeerFailed;
  // What a stream says further is no new call: it waits as running transfers do. spec/dcquic.md §14
  const opens = options.streamId === undefined;
  return health.state === "probing" && opens ? Status.PeerProbing : undefined;
}
