import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import { Tombstone } from "../transfer/tombstones.js";
import { AcceptStatus, NotifyFlag, ResetCode } from "../wire/constants.js";
import { id64, isZeroId, sameId } from "../wire/id64.js";
import type { NotifyEntry } from "../wire/notify-entry.js";
import type { EngineContext } from "./context.js";
import type { Doubts } from "./doubts.js";
import { tellFailed } from "./mismatch.js";
import type { Offers } from "./offers.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";
import type { Puller } from "./puller.js";
import { Status } from "./status.js";

/** What a moved announcement turned out to be. */
export type MovedVerdict =
  /** It was taken before, and is answered. */
  | { readonly kind: "known" }
  /** It was not: it is to be taken now, and never where it came from. */
  | { readonly kind: "unknown"; readonly origin: NonNullable<PulledTransfer["origin"]> }
  /** Its first window slid past it. */
  | { readonly kind: "doubtful" };

/** What a {@link MoveIn} works with. */
export interface MoveInParts {
  /** What the parts share. */
  readonly context: EngineContext;
  /** Forgets what was never proved. */
  readonly doubts: Doubts;
  /** Lets dependents of an announcement go on. */
  readonly offers: Offers;
  /** Goes on with transfers. */
  readonly puller: Puller;
  /** Finds a path by the credential id at an offset. */
  readonly pathOf: (bytes: Uint8Array, offset: number) => Path | undefined;
}

/**
 * Announcements that were made before, in another window: what that window and its tombstones say decides, so that nothing
 * is delivered twice.
 *
 * @see spec/dcquic.md §10.4
 */
export class MoveIn {
  readonly #parts: MoveInParts;

  /** Works with `parts`. */
  constructor(parts: MoveInParts) {
    this.#parts = parts;
  }

  /** Judges an announcement that is new on its present path, or returns `undefined` when it was not moved. */
  take(path: Path, worker: PeerWorker, entry: NotifyEntry): MovedVerdict | undefined {
    if ((entry.flags & NotifyFlag.Moved) === 0) return undefined;
    const before = this.#pathBefore(path, entry);
    if (before === undefined) {
      // Without the old window nobody can say whether it was taken.
      this.#refuse(path, worker, entry);
      return { kind: "known" };
    }
    const { movedWorker, movedNotifySeq } = entry;
    const first = before.knownWorker(movedWorker) ?? before.makeWorker(movedWorker);
    before.keepWorker(first);
    const origin = { path: before.id, worker: movedWorker, notifySeq: movedNotifySeq };
    const { live, tombstone } = this.#find(first, movedNotifySeq);
    if (live !== undefined) {
      if (live.state === "challenged" || live.state === "tentative") {
        this.#parts.doubts.drop(this.#homeOf(live) ?? before, live);
        return { kind: "doubtful" };
      }
      if (sameId(live.announcerId, entry.transferId)) this.#adopt(first, path, worker, live, entry);
      else this.#refuse(path, worker, entry);
      return { kind: "known" };
    }
    if (tombstone !== undefined) {
      this.#answerFinished(path, worker, tombstone, entry);
      return { kind: "known" };
    }
    const verdict = first.notifies.check(movedNotifySeq);
    if (verdict === "below") return { kind: "doubtful" };
    if (verdict === "seen") {
      this.#refuse(path, worker, entry);
      return { kind: "known" };
    }
    // Its first announcement may still arrive, and must then be nothing new.
    first.notifies.commit(movedNotifySeq);
    return { kind: "unknown", origin };
  }

  /** Remembers where a moved announcement was taken. */
  remember(transfer: PulledTransfer, origin: NonNullable<PulledTransfer["origin"]>): void {
    const before = this.#parts.context.paths.get(origin.path as Path["id"]);
    before?.knownWorker(origin.worker)?.moved.set(origin.notifySeq, transfer.id);
  }

  // The path it names must be one of the same peer: any authenticated peer may name any path.
  #pathBefore(path: Path, entry: NotifyEntry): Path | undefined {
    const before = this.#parts.pathOf(entry.movedCredentialId, 0);
    return before !== undefined && before.peerName === path.peerName ? before : undefined;
  }

  // Under its first number, or wherever an earlier move took it.
  #find(
    first: PeerWorker,
    notifySeq: number,
  ): { readonly live?: PulledTransfer; readonly tombstone?: Tombstone } {
    const live = first.live.get(notifySeq);
    if (live !== undefined) return { live };
    const tombstone = first.tombstones.get(notifySeq);
    if (tombstone !== undefined) return { tombstone };
    const id = first.moved.get(notifySeq);
    const entry = id && this.#parts.context.transfers.get(id);
    if (entry?.role === "puller") return { live: entry };
    return entry?.role === "tombstone" ? { tombstone: entry } : {};
  }

  #homeOf(transfer: PulledTransfer): Path | undefined {
    return this.#parts.context.paths.get(transfer.path as Path["id"]);
  }

  #adopt(
    first: PeerWorker,
    path: Path,
    worker: PeerWorker,
    transfer: PulledTransfer,
    entry: NotifyEntry,
  ): void {
    const before = this.#homeOf(transfer);
    if (before === undefined) return this.#refuse(path, worker, entry);
    // A later move overtook this one.
    if (before.id > path.id) return this.#count(path, worker, entry);
    const home = before.knownWorker(transfer.worker);
    home?.live.delete(transfer);
    const isOffered = home?.offered.has(transfer.notifySeq) === true;
    before.notifyFinished += 1;
    before.inlineConsumed += transfer.countedInline;
    transfer.countedInline = entry.inlineBytes;
    path.inlineReceived += transfer.countedInline;
    transfer.origin ??= { path: before.id, worker: first.worker, notifySeq: transfer.notifySeq };
    first.moved.set(entry.movedNotifySeq, transfer.id);
    transfer.notifySeq = entry.notifySeq;
    transfer.worker = worker.worker;
    worker.live.add(transfer);
    this.#parts.puller.move(before, path, transfer);
    if (isOffered) this.#parts.offers.markOffered(worker, entry.notifySeq);
    const { announcerId, id } = transfer;
    // What came inline is here whole, whatever the application does with it.
    const status =
      transfer.inline === undefined ? AcceptStatus.DuplicateActive : AcceptStatus.DuplicateComplete;
    path.outbox.accepts.push({ announcerId, pullerId: id, status });
    this.#parts.context.events.push({
      kind: "transferMoved",
      path: path.id,
      transfer: id64(id.hi, id.lo),
      from: before.id,
    });
  }

  #answerFinished(path: Path, worker: PeerWorker, before: Tombstone, entry: NotifyEntry): void {
    const { announcerId, pullerId, pulled, status } = before;
    const tombstone = new Tombstone(path.id, announcerId, pullerId, status, pulled);
    this.#parts.context.transfers.replace(pullerId, tombstone);
    worker.tombstones.add(entry.notifySeq, tombstone);
    this.#count(path, worker, entry);
    if (status !== Status.Ok) return tellFailed(path, tombstone);
    path.outbox.accepts.push({ announcerId, pullerId, status: AcceptStatus.DuplicateComplete });
    if (pulled) path.outbox.completeAcks.push(announcerId);
  }

  #refuse(path: Path, worker: PeerWorker, entry: NotifyEntry): void {
    this.#count(path, worker, entry);
    if (isZeroId(entry.transferId)) return;
    path.outbox.resets.push({
      addresseeId: id64(entry.transferId.hi, entry.transferId.lo),
      ownId: id64(),
      notifySeq: entry.notifySeq,
      code: ResetCode.Unknown,
    });
  }

  #count(path: Path, worker: PeerWorker, entry: NotifyEntry): void {
    path.inlineReceived += entry.inlineBytes;
    path.inlineConsumed += entry.inlineBytes;
    path.notifyFinished += 1;
    this.#parts.offers.markOffered(worker, entry.notifySeq);
  }
}
