import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { LendMemory } from "../transfer/part-memory.js";
import type { AssembledRecord } from "../transfer/record-assembly.js";
import { Tombstone } from "../transfer/tombstones.js";
import { NO_NOTIFY_SEQ, ResetCode } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import type { FlowReset, PullHold } from "../wire/transfer-frames.js";
import { Assembler, type AssemblerOwner } from "./assembler.js";
import type { EngineContext } from "./context.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { Doubts } from "./doubts.js";
import type { Offers } from "./offers.js";
import type { Path } from "./path.js";
import type { PullLoop } from "./pull-loop.js";
import { Status, statusOfReset } from "./status.js";

const NOTHING = new Uint8Array(0);

/** How records of an accepted transfer are told one by one. */
export interface PlacedAccept {
  /** Bytes of records that may be told and not yet used; pulling waits beyond. */
  readonly windowBytes: number;
  /** Lends memory in which records are to lie; absent where none is lent. */
  readonly lend?: LendMemory | undefined;
}

/** What a {@link Puller} works with. */
export interface PullerParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Asks for bytes. */
  readonly loop: PullLoop;
  /** Gives credit back. */
  readonly credit: CreditKeeper;
  /** Offers transfers. */
  readonly offers: Offers;
  /** Takes proofs of what may be a replay. */
  readonly doubts: Doubts;
}

/**
 * The pulling side: how transfers from peers are accepted, told, moved and ended.
 *
 * @see spec/dcquic.md §6, §9, §13
 */
export class Puller implements AssemblerOwner {
  /** What becomes of the bytes of transfers that it accepted. */
  readonly assembler: Assembler;
  readonly #context: EngineContext;
  readonly #loop: PullLoop;
  readonly #credit: CreditKeeper;
  readonly #offers: Offers;
  readonly #doubts: Doubts;

  /** Hands on to `parts`. */
  constructor(parts: PullerParts) {
    this.#context = parts.context;
    this.#loop = parts.loop;
    this.#credit = parts.credit;
    this.#offers = parts.offers;
    this.#doubts = parts.doubts;
    this.assembler = new Assembler(parts.context, parts.loop, parts.doubts, this);
  }

  /** Obeys a PULL_HOLD: the answer will come later. §9.8 */
  onHold(nowUs: number, path: Path, frame: PullHold): void {
    const transfer = this.#own(path, frame.pullerId);
    const pull = transfer?.pulls.find(({ seq }) => seq === frame.pullSeq);
    if (transfer === undefined || pull === undefined) return;
    const longest = this.#context.config.maxPtoUs;
    pull.dueUs = Math.max(pull.dueUs, nowUs + Math.min(frame.delayUs, longest) + path.rtt.ptoUs);
    this.#loop.arm(transfer);
  }

  /** Obeys a FLOW_RESET that names a transfer from the peer. */
  onReset(path: Path, transfer: PulledTransfer, frame: FlowReset): void {
    this.fail(path, transfer, statusOfReset(frame.code));
  }

  /** Begins to pull an offered transfer: into memory of its own, or to be told part by part. */
  accept(nowUs: number, path: Path, transfer: PulledTransfer, placed?: PlacedAccept): void {
    if (transfer.state !== "offered") throw new TypeError(`a transfer that is ${transfer.state}`);
    transfer.state = "pulling";
    this.#context.tellPhase("transferPulling", path, transfer.id);
    if (transfer.inline !== undefined) {
      if (placed === undefined) return this.deliver(path, transfer, transfer.inline);
      if (transfer.inline.length > 0) {
        this.place(path, transfer, { offset: 0, bytes: transfer.inline, inPlace: false });
      }
      return this.deliver(path, transfer, NOTHING);
    }
    this.assembler.begin(nowUs, path, transfer, placed);
  }

  /** Goes on with a transfer on another path of its peer: what is missing is asked for there. §10.4 */
  move(from: Path, to: Path, transfer: PulledTransfer): void {
    const { isAssembling } = transfer;
    if (transfer.isWanting) this.#context.pulls.want(from.sender, -1);
    this.#loop.cancel(from, transfer);
    if (transfer.begun !== undefined) transfer.begun.ackQueued = false;
    transfer.path = to.id;
    this.#context.end(from);
    this.#context.begin(this.#context.nowUs, to);
    if (!isAssembling) return;
    const { progress } = transfer;
    progress.isStalled = false;
    progress.nextPull = progress.received.firstGap(0);
    if (progress.nextPull < transfer.wireBytes) this.#loop.enqueue(to, transfer);
  }

  /** Ends an offered or running transfer from the peer. The peer hears of it by the stream's close. */
  reject(path: Path, transfer: PulledTransfer): void {
    if (transfer.pulls.length > 0) path.outbox.cancelPulls.push(transfer.announcerId);
    this.#reset(path, transfer, ResetCode.Cancelled);
    this.#finish(path, transfer, Status.Rejected);
  }

  /**
   * Notes that the application used a delivered transfer, or one that was offered with its bytes: its announcement is finished,
   * and credit returns.
   */
  consume(path: Path, transfer: PulledTransfer): void {
    const isWhole = transfer.state === "offered" && transfer.inline !== undefined;
    if (transfer.state !== "delivered" && !isWhole)
      throw new TypeError(`a transfer that is ${transfer.state}`);
    this.#finish(path, transfer, Status.Ok);
  }

  /** Ends a transfer from the peer that cannot succeed any more. */
  fail(path: Path, transfer: PulledTransfer, status: number): void {
    const wasTold = transfer.state === "offered" || transfer.state === "pulling";
    if (wasTold) {
      this.#context.events.push({
        kind: "transferFailed",
        path: path.id,
        transfer: transfer.id,
        side: "puller",
        status,
        rootCause: undefined,
      });
    }
    if (transfer.state === "delivered") return;
    this.#finish(path, transfer, status);
  }

  /** Tells the application of a part that it wants one by one. */
  place(path: Path, transfer: PulledTransfer, part: AssembledRecord): void {
    this.#context.events.push({
      kind: "recordPlaced",
      path: path.id,
      transfer: transfer.id,
      offset: part.offset,
      bytes: part.bytes,
      inPlace: part.inPlace,
    });
  }

  /** Gives the application a transfer all of whose bytes are here. */
  deliver(path: Path, transfer: PulledTransfer, bytes: Uint8Array): void {
    transfer.state = "delivered";
    this.#loop.disarm(transfer);
    this.#context.events.push({
      kind: "transferDelivered",
      path: path.id,
      transfer: transfer.id,
      bytes,
    });
  }

  /** Ends a transfer whose bytes are not what its announcer sealed, and tells it. */
  distrust(path: Path, transfer: PulledTransfer): void {
    this.#abort(path, transfer, ResetCode.Integrity, Status.IntegrityFailed);
  }

  /** Ends a transfer whose bytes were put where the application no longer wants them, and tells its announcer. */
  misplace(path: Path, transfer: PulledTransfer): void {
    this.#abort(path, transfer, ResetCode.Cancelled, Status.PlacementFailed);
  }

  /** The transfer's timer ran out: what is missing is asked for again. */
  onTimer(nowUs: number, path: Path, transfer: PulledTransfer): void {
    if (this.#loop.firedEarly(nowUs, transfer)) return;
    if (this.#loop.isBusy(nowUs, path, transfer)) return;
    path.rtt.expired(nowUs);
    path.health.sample(nowUs, 1);
    if (transfer.state === "challenged" || transfer.state === "tentative") {
      this.#doubts.onTimer(path, transfer);
      return;
    }
    for (const pull of transfer.pulls) {
      if (pull.sentUs < 0 || pull.dueUs > nowUs) continue;
      this.#context.counters.pullsRepeatedTimer += 1;
      this.#loop.repull(path, transfer, pull);
    }
    this.#loop.arm(transfer);
  }

  /**
   * Fails everything that needs more of a peer that is gone. What arrived whole with its announcement was acknowledged, so it
   * is still the application's, unless the path itself goes.
   */
  failAll(path: Path, status: number): void {
    for (const worker of path.workers) {
      for (const transfer of worker.live) {
        const isWhole = transfer.inline !== undefined && transfer.state !== "challenged";
        if (!isWhole || status === Status.GoingAway) this.fail(path, transfer, status);
      }
    }
  }

  #abort(path: Path, transfer: PulledTransfer, code: number, status: number): void {
    this.#reset(path, transfer, code);
    this.fail(path, transfer, status);
  }

  #reset(path: Path, transfer: PulledTransfer, code: number): void {
    path.outbox.resets.push({
      addresseeId: transfer.announcerId,
      ownId: transfer.id,
      notifySeq: NO_NOTIFY_SEQ,
      code,
    });
  }

  #finish(path: Path, transfer: PulledTransfer, status: number): void {
    const worker = path.knownWorker(transfer.worker);
    const { transfers, pulls } = this.#context;
    const wasOffered = isOffered(transfer);
    if (transfer.state === "challenged") this.#doubts.uncount(transfer);
    this.#offers.forget(transfer);
    if (transfer.isWanting) pulls.want(path.sender, -1);
    this.#loop.cancel(path, transfer);
    transfer.state = "delivered";
    if (transfer.begun !== undefined) transfer.begun.assembly = undefined;
    this.#credit.finished(path, transfer);
    worker?.live.delete(transfer);
    const { announcerId, id, inline } = transfer;
    const tombstone = new Tombstone(path.id, announcerId, id, status, inline === undefined);
    transfers.replace(id, tombstone);
    worker?.tombstones.add(transfer.notifySeq, tombstone);
    if (worker !== undefined && !wasOffered) this.#offers.markDone(worker, transfer);
    this.#context.end(path);
  }

  #own(path: Path, id: Id64): PulledTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    return entry?.role === "puller" && entry.path === path.id ? entry : undefined;
  }
}

// Those before that still wait for a proof, or for what they name.
function isOffered({ state }: PulledTransfer): boolean {
  return state === "offered" || state === "pulling" || state === "delivered";
}
