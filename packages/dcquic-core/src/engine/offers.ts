import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import { WaitingList } from "../transfer/waiting-list.js";
import type { NotifyEntry } from "../wire/notify-entry.js";
import type { EngineContext } from "./context.js";
import type { PathId } from "./events.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";
import { TransferOffered } from "./transfer-offered.js";

/**
 * Offers transfers to the application, in the order that their announcements demand: none before those it names were offered,
 * refused or taken back.
 *
 * @see spec/dcquic.md §5, D-2
 */
export class Offers {
  readonly #context: EngineContext;

  /** Tells the events of `context`. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Notes what a transfer names that was not offered yet. */
  wait(path: Path, transfer: PulledTransfer, entry: NotifyEntry): void {
    for (let i = 0; i < entry.depCount; i++) {
      const dep = entry.deps[i];
      if (dep === undefined) continue;
      const on = path.knownWorker(dep.worker);
      if (on === undefined || on.offered.has(dep.notifySeq)) continue;
      WaitingList.wait(on.dependents, dep.notifySeq, transfer);
    }
  }

  /** A transfer is over, and waits for nothing. */
  forget(transfer: PulledTransfer): void {
    const { waitsFor } = transfer;
    if (waitsFor === undefined) return;
    transfer.waitsFor = undefined;
    for (const list of waitsFor) list.leave(transfer);
  }

  /** Offers a transfer unless it still waits for another one. */
  offerIfFree(path: Path, worker: PeerWorker, transfer: PulledTransfer): void {
    transfer.state = "held";
    if (transfer.waitsFor !== undefined && transfer.waitsFor.size > 0) return;
    transfer.state = "offered";
    this.#context.events.push(new TransferOffered(path.id, transfer));
    this.markDone(worker, transfer);
  }

  /** Notes the same of a transfer, also where it was announced first. */
  markDone(worker: PeerWorker, transfer: PulledTransfer): void {
    this.markOffered(worker, transfer.notifySeq);
    const { origin } = transfer;
    const before = origin && this.#context.paths.get(origin.path as PathId);
    const first = origin && before?.knownWorker(origin.worker);
    if (origin === undefined || first === undefined) return;
    this.markOffered(first, origin.notifySeq);
  }

  /** Notes that an announcement was offered, or never will be: who waits for it goes on. */
  markOffered(worker: PeerWorker, notifySeq: number): void {
    worker.offered.add(notifySeq, notifySeq + 1);
    const waiting = worker.dependents.get(notifySeq);
    if (waiting === undefined) return;
    for (const transfer of waiting.end()) {
      // It may have moved to another path meanwhile.
      const home = this.#context.paths.get(transfer.path as PathId);
      const owner = home?.knownWorker(transfer.worker);
      if (transfer.state === "held" && home !== undefined && owner !== undefined) {
        this.offerIfFree(home, owner, transfer);
      }
    }
  }
}
