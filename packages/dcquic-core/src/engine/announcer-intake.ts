import { challengeProof } from "../crypto/challenge-proof.js";
import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { AcceptStatus, Pattern, PullFlag, RangeAckFlag, ResetCode } from "../wire/constants.js";
import { type Id64, id64, sameId } from "../wire/id64.js";
import { type AcceptEntry, entryAt, type TransferAccept } from "../wire/path-frames.js";
import type { RangeList } from "../wire/ranges.js";
import type {
  CancelPull,
  Challenge,
  FlowReset,
  PullRequest,
  RangeAck,
} from "../wire/transfer-frames.js";
import type { Announcer } from "./announcer.js";
import type { EngineContext } from "./context.js";
import { answerMismatch } from "./mismatch.js";
import type { Path } from "./path.js";
import type { Serving } from "./serving.js";
import { Status, statusOfReset } from "./status.js";

const NOTHING = new Uint8Array(0);
const PATTERN_BITS = 7;
// No honest puller, whatever it lost, acknowledges a message in more pieces at a time.
const MAX_ACKED_PIECES = 65_536;

/**
 * Obeys what pullers say of own transfers, as far as it is theirs to say: the transfer must have been announced to them.
 *
 * @see spec/dcquic.md §8.4, §9, §10.3
 */
export class AnnouncerIntake {
  readonly #context: EngineContext;
  readonly #serving: Serving;
  readonly #announcer: Announcer;

  /** What is asked of own transfers goes to `serving`, what becomes of them to `announcer`. */
  constructor(context: EngineContext, serving: Serving, announcer: Announcer) {
    this.#context = context;
    this.#serving = serving;
    this.#announcer = announcer;
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
      // Of what was cancelled the stream's close says why: to deny that it ever was would be the first word that is heard.
      const wasCancelled = path.wasCancelled(frame.announcerId);
      const code = wasCancelled ? ResetCode.Cancelled : ResetCode.Unknown;
      answerMismatch(nowUs, path, frame.pullerId, frame.announcerId, code);
      return;
    }
    // What takes the announcement back tells its puller.
    if (transfer.extras.voiding) return;
    if (!sameId(frame.bufferId, transfer.bufferId) || !this.#holds(transfer, frame.ranges)) {
      this.#context.note("foreignTransfer", path);
      answerMismatch(nowUs, path, frame.pullerId, transfer.id, ResetCode.StaleBuffer);
      return;
    }
    this.#announcer.accepted(nowUs, path, transfer, frame.pullerId);
    if (transfer.isOver) return;
    // The puller missed what was sent: if that fills the window, nobody will ever report it.
    if ((frame.flags & PullFlag.Retransmit) !== 0) {
      path.congestion.giveUpInflight();
      path.mtu.dataTimedOut(nowUs, path.rtt.ptoUs);
      transfer.progress.wasRepulled = true;
    }
    if (transfer.state !== "serving") {
      transfer.state = "serving";
      this.#context.tellPhase("transferServing", path, transfer.id);
    }
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
    const { acked } = transfer.progress;
    const isComplete = (frame.flags & RangeAckFlag.Complete) !== 0;
    if (!isComplete && acked.count > MAX_ACKED_PIECES) {
      return this.#context.note("protocolViolation", path);
    }
    const before = acked.covered;
    if (isComplete) acked.add(0, transfer.wireBytes);
    for (let i = 0; i < frame.ranges.count; i++) {
      acked.add(frame.ranges.start(i), Math.min(frame.ranges.end(i), transfer.wireBytes));
    }
    path.health.sample(nowUs, 0);
    path.mtu.dataArrived(acked.covered - before);
    if (!(transfer.payload instanceof Uint8Array)) {
      this.#context.buffers.acknowledged(transfer.payload);
    }
    if ((transfer.shape & PATTERN_BITS) === Pattern.RawBulk) this.#progressed(path, transfer);
    if (acked.covered < transfer.wireBytes) return;
    if (transfer.inline && !isComplete) return;
    this.#announcer.drained(path, transfer);
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
    this.#announcer.fail(path, transfer, statusOfReset(frame.code), undefined);
  }

  #onAnswer(nowUs: number, path: Path, entry: AcceptEntry): void {
    const { status } = entry;
    const transfer = this.#own(path, entry.announcerId);
    if (transfer === undefined || !this.#announcer.answered(nowUs, path, transfer, status)) return;
    switch (status) {
      case AcceptStatus.New:
      case AcceptStatus.DuplicateActive:
        this.#announcer.accepted(nowUs, path, transfer, entry.pullerId);
        return;
      case AcceptStatus.DuplicateComplete:
        this.#announcer.drained(path, transfer);
        return;
      case AcceptStatus.Overloaded:
        return this.#announcer.fail(path, transfer, Status.Overloaded, undefined);
      case AcceptStatus.NoAcceptor:
        return this.#announcer.fail(path, transfer, Status.NoAcceptor, undefined);
      case AcceptStatus.Limit:
        return this.#announcer.fail(path, transfer, Status.Limit, undefined);
      default:
        return this.#announcer.fail(path, transfer, Status.Cancelled, undefined);
    }
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

  #progressed(path: Path, { id, progress, wireBytes }: AnnouncedTransfer): void {
    this.#context.events.push({
      kind: "transferProgressed",
      path: path.id,
      transfer: id,
      ackedBytes: progress.acked.covered,
      totalBytes: wireBytes,
    });
  }

  #own(path: Path, id: Id64): AnnouncedTransfer | undefined {
    const entry = this.#context.transfers.get(id);
    if (entry?.role !== "announcer") return undefined;
    if (entry.path === path.id) {
      if (isOnTheWire(entry)) return entry;
      this.#context.note("foreignTransfer", path);
      return undefined;
    }
    if (!this.#hasMoved(path, id)) this.#context.note("foreignTransfer", path);
    return undefined;
  }

  #hasMoved(path: Path, id: Id64): boolean {
    const entry = this.#context.transfers.get(id);
    if (entry?.role !== "announcer" || entry.path === path.id) return false;
    return entry.extras.former.some((former) => former.path === path.id);
  }
}

// Whoever names a transfer that was not announced to it guessed.
function isOnTheWire({ state }: AnnouncedTransfer): boolean {
  return state !== "blocked" && state !== "queued";
}
