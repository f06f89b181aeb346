import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";
import type { Serving } from "./serving.js";

/**
 * Takes own transfers to another path of the same peer: each is announced again there, and names its first announcement so
 * that nothing is delivered twice.
 *
 * @see spec/dcquic.md §10.4, §18
 */
export class MoveOut {
  readonly #context: EngineContext;
  readonly #serving: Serving;
  readonly #enqueue: (path: Path, transfer: AnnouncedTransfer) => void;

  /** `enqueue` announces a transfer; what pullers asked for is forgotten by `serving`. */
  constructor(
    context: EngineContext,
    serving: Serving,
    enqueue: (path: Path, transfer: AnnouncedTransfer) => void,
  ) {
    this.#context = context;
    this.#serving = serving;
    this.#enqueue = enqueue;
  }

  /** Moves everything that is not over, in the order in which it was announced; returns how many transfers that were. */
  move(nowUs: number, from: Path, to: Path): number {
    const moving: AnnouncedTransfer[] = [];
    for (const entry of this.#context.transfers.values()) {
      if (entry.role !== "announcer" || entry.path !== from.id) continue;
      // What is being taken back has a meaning only where it was announced.
      if (!entry.isOver && !entry.extras.voiding) moving.push(entry);
    }
    // Slots are reused: only the numbers tell what came first.
    moving.sort((a, b) => orderOf(a) - orderOf(b));
    for (const transfer of moving) this.#take(nowUs, from, to, transfer);
    return moving.length;
  }

  #take(nowUs: number, from: Path, to: Path, transfer: AnnouncedTransfer): void {
    const { credentialId } = from;
    if (transfer.notifySeq >= 0) {
      const { worker } = this.#context.config;
      const extras = transfer.ownExtras;
      extras.origin ??= { worker, notifySeq: transfer.notifySeq, credentialId };
      // Not closed there before it is over: the peer may have to look it up, and dependents may wait for it.
      extras.former = [...extras.former, { path: from.id, notifySeq: transfer.notifySeq }];
      transfer.notifySeq = -1;
    }
    transfer.timer = this.#context.disarm(transfer.timer);
    from.unanswered.delete(transfer);
    this.#serving.drop(from, transfer);
    if (transfer.begun !== undefined) transfer.begun.isQueued = false;
    if (transfer.extras.resendQueued) transfer.ownExtras.resendQueued = false;
    transfer.inline = false;
    transfer.path = to.id;
    this.#context.end(from);
    this.#context.begin(nowUs, to);
    const waiting = from.gated.get(transfer);
    from.gated.delete(transfer);
    if (waiting !== undefined) to.gated.set(transfer, waiting);
    if (transfer.state === "blocked" || isGated(to, transfer)) return;
    this.#enqueue(to, transfer);
  }
}

function orderOf(transfer: AnnouncedTransfer): number {
  return transfer.notifySeq < 0 ? Number.MAX_SAFE_INTEGER : transfer.notifySeq;
}

function isGated(path: Path, transfer: AnnouncedTransfer): boolean {
  for (const waiting of path.gated.values()) if (waiting.includes(transfer)) return true;
  return false;
}
