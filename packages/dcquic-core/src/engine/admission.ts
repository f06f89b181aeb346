import { PulledTransfer } from "../transfer/pulled-transfer.js";
import { Tombstone } from "../transfer/tombstones.js";
import { AcceptStatus, ResetCode, Shape } from "../wire/constants.js";
import { type Id64, id64, isZeroId, sameId } from "../wire/id64.js";
import type { NotifyEntry } from "../wire/notify-entry.js";
import type { Closed } from "../wire/path-frames.js";
import type { FlowReset } from "../wire/transfer-frames.js";
import type { EngineContext } from "./context.js";
import type { CreditKeeper } from "./credit-keeper.js";
import type { Doubts } from "./doubts.js";
import { tellFailed } from "./mismatch.js";
import type { MoveIn } from "./move-in.js";
import type { Offers } from "./offers.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";
import type { Puller } from "./puller.js";
import { Status, statusOfReset } from "./status.js";

const NO_ID: Id64 = id64();
const NONE: readonly number[] = [];
/** What an announcement was answered with that was refused with a status. */
const REFUSALS: ReadonlyMap<number, number> = new Map([
  [Status.Overloaded, AcceptStatus.Overloaded],
  [Status.Limit, AcceptStatus.Limit],
]);

/** What an {@link Admission} works with. */
export interface AdmissionParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Holds peers to their credit. */
  readonly credit: CreditKeeper;
  /** Offers what was admitted. */
  readonly offers: Offers;
  /** Takes what may be a replay. */
  readonly doubts: Doubts;
  /** Finds what was announced before on another path. */
  readonly moves: MoveIn;
  /** Ends transfers that cannot succeed any more. */
  readonly puller: Puller;
}

/**
 * Decides which announcements are taken: once each, within credit and limits, and never a replayed one.
 *
 * @see spec/dcquic.md §9.1, §9.12, §10.2
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #context: EngineContext;

  /** Hands on to `parts`. */
  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#context = parts.context;
  }

  /** Takes an announcement. */
  onNotify(nowUs: number, path: Path, worker: PeerWorker, entry: NotifyEntry): void {
    const { notifySeq } = entry;
    const verdict = worker.notifies.check(notifySeq);
    // A number that is new was never taken: what is in the tables is looked for by those that may have been.
    if (verdict !== "new" && this.#isKnown(path, worker, entry)) return this.#countKnown();
    // Below the window nothing is certain, nor of what was doubted before and forgotten without a proof.
    const isUncertain = verdict === "below" || worker.isUnproved(notifySeq);
    if (verdict === "seen" && !isUncertain) return this.#countKnown();
    // A late copy of what was counted long ago breaks no limit: only what was proved is held to it.
    if (!isUncertain && !this.#parts.credit.covers(nowUs, path, entry)) return;
    if (verdict === "new") worker.notifies.commit(notifySeq);
    if (!this.#fits(entry)) {
      return this.#refuse(path, worker, entry, AcceptStatus.Limit, isUncertain);
    }
    const moved = verdict === "new" ? this.#parts.moves.take(path, worker, entry) : undefined;
    if (moved?.kind === "known") return;
    const origin = moved?.kind === "unknown" ? moved.origin : undefined;
    const transfer = new PulledTransfer(path.id, worker.worker, entry, this.#context.inlineMemory);
    if (
      this.#isCrowded(path, worker, entry) ||
      !this.#context.transfers.insert(transfer, transfer.id)
    ) {
      return this.#refuse(path, worker, entry, AcceptStatus.Overloaded, isUncertain);
    }
    worker.live.add(transfer);
    transfer.origin = origin;
    if (origin !== undefined) this.#parts.moves.remember(transfer, origin);
    this.#context.begin(nowUs, path);
    this.#parts.offers.wait(path, transfer, entry);
    if (isUncertain || moved?.kind === "doubtful") return this.#parts.doubts.add(path, transfer);
    this.#parts.credit.taken(path, transfer);
    this.#answer(path, transfer.announcerId, transfer.id, AcceptStatus.New);
    this.#parts.offers.offerIfFree(path, worker, transfer);
  }

  /** Obeys a CLOSED: these announcements will never be asked about again. §9.12 */
  onClosed(path: Path, worker: PeerWorker, frame: Closed): void {
    const { floor, ranges } = frame;
    this.#close(path, worker, 0, floor);
    for (let i = 0; i < ranges.count; i++) {
      this.#close(path, worker, floor + ranges.start(i), floor + ranges.end(i));
    }
  }

  /** Obeys a FLOW_RESET that takes an announcement back by its number. D-2 */
  onVoid(path: Path, worker: PeerWorker, frame: FlowReset): void {
    const { notifySeq } = frame;
    const live = worker.live.get(notifySeq);
    if (live !== undefined) this.#parts.puller.fail(path, live, statusOfReset(frame.code));
    if (frame.code !== ResetCode.Cancelled) return;
    if (live === undefined && worker.notifies.check(notifySeq) === "new") {
      if (notifySeq >= path.notifyGranted) return;
      worker.notifies.commit(notifySeq);
      path.notifyFinished += 1;
    }
    this.#parts.offers.markOffered(worker, notifySeq);
    this.#answer(path, id64(frame.ownId.hi, frame.ownId.lo), NO_ID, AcceptStatus.Voided);
  }

  // Whether it is in the tables; its announcer is told again what became of it.
  #isKnown(path: Path, worker: PeerWorker, { notifySeq, transferId }: NotifyEntry): boolean {
    const live = worker.live.get(notifySeq);
    if (live !== undefined) {
      if (sameId(live.announcerId, transferId) && isAnswered(live)) {
        this.#answer(path, live.announcerId, live.id, AcceptStatus.DuplicateActive);
      }
      return true;
    }
    const tombstone = worker.tombstones.get(notifySeq);
    if (tombstone === undefined) return false;
    if (tombstone.status !== Status.Ok) {
      // The answer to what was refused may have been lost: its announcer would ask for ever.
      const refusal = isZeroId(tombstone.pullerId) ? REFUSALS.get(tombstone.status) : undefined;
      if (refusal === undefined) tellFailed(path, tombstone);
      else this.#answer(path, tombstone.announcerId, NO_ID, refusal);
      return true;
    }
    this.#answer(path, tombstone.announcerId, tombstone.pullerId, AcceptStatus.DuplicateComplete);
    if (tombstone.pulled) path.outbox.completeAcks.push(tombstone.announcerId);
    return true;
  }

  #fits(entry: NotifyEntry): boolean {
    const { maxMessageBytes } = this.#context.config;
    return entry.totalBytes <= maxMessageBytes && entry.wireBytes <= 2 * maxMessageBytes;
  }

  // What ended here is kept until the peer acknowledges it: one that does not is not to end more and more.
  #isCrowded(path: Path, worker: PeerWorker, { shape }: NotifyEntry): boolean {
    const { maxTransfersPerPeer } = this.#context.config;
    if (worker.live.size >= maxTransfersPerPeer) return true;
    return (shape & Shape.Open) !== 0 && path.openCloses.size >= maxTransfersPerPeer;
  }

  // Remembers that it did, until the announcer knows. What may be a replay is answered and neither counted nor remembered: who means
  // it asks again.
  #refuse(
    path: Path,
    worker: PeerWorker,
    entry: NotifyEntry,
    refusal: typeof AcceptStatus.Overloaded | typeof AcceptStatus.Limit,
    isUncertain: boolean,
  ): void {
    const announcerId = id64(entry.transferId.hi, entry.transferId.lo);
    this.#answer(path, announcerId, NO_ID, refusal);
    this.#parts.offers.markOffered(worker, entry.notifySeq);
    if (isUncertain) return;
    const status = refusal === AcceptStatus.Limit ? Status.Limit : Status.Overloaded;
    const tombstone = new Tombstone(path.id, announcerId, NO_ID, status, false);
    worker.tombstones.add(entry.notifySeq, tombstone);
    this.#parts.credit.refused(path, entry);
  }

  #countKnown(): void {
    this.#context.counters.knownAnnouncements += 1;
  }

  #close(path: Path, worker: PeerWorker, start: number, until: number): void {
    // Numbers that nobody may use need no memory.
    worker.tombstones.close(start, Math.min(until, path.notifyGranted), (from, to) =>
      this.#firstClosed(path, worker, from, to),
    );
  }

  #firstClosed(path: Path, worker: PeerWorker, start: number, end: number): void {
    worker.offered.add(start, end);
    for (const transfer of worker.live.between(start, end)) {
      if (transfer.inline !== undefined) continue;
      // Its announcer gave it up: the bytes will not come.
      if (transfer.state !== "delivered") this.#parts.puller.fail(path, transfer, Status.Cancelled);
    }
    for (const notifySeq of keysBetween(worker.moved, start, end)) worker.moved.delete(notifySeq);
    for (const notifySeq of keysBetween(worker.dependents, start, end)) {
      this.#parts.offers.markOffered(worker, notifySeq);
    }
  }

  #answer(path: Path, announcerId: Id64, pullerId: Id64, status: number): void {
    path.outbox.accepts.push({ announcerId, pullerId, status });
  }
}

// A doubtful announcement is answered only when it was proved.
function isAnswered(transfer: PulledTransfer): boolean {
  return transfer.state !== "challenged" && transfer.state !== "tentative";
}

// At no more than what is less work: the peer chooses the numbers.
function keysBetween(
  map: ReadonlyMap<number, unknown>,
  start: number,
  end: number,
): readonly number[] {
  if (map.size === 0) return NONE;
  if (end - start >= map.size) return [...map.keys()].filter((key) => key >= start && key < end);
  const found: number[] = [];
  for (let key = start; key < end; key++) if (map.has(key)) found.push(key);
  return found;
}
