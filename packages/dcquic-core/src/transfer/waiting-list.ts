import type { PulledTransfer } from "./pulled-transfer.js";

/** Transfers that wait until one announcement was offered, in the order in which they came. */
export class WaitingList {
  readonly #lists: Map<number, WaitingList>;
  readonly #notifySeq: number;
  readonly #waiting = new Set<PulledTransfer>();

  private constructor(lists: Map<number, WaitingList>, notifySeq: number) {
    this.#lists = lists;
    this.#notifySeq = notifySeq;
  }

  /** Has a transfer wait for an announcement, in the lists of its worker. */
  static wait(lists: Map<number, WaitingList>, notifySeq: number, transfer: PulledTransfer): void {
    let list = lists.get(notifySeq);
    if (list === undefined) {
      list = new WaitingList(lists, notifySeq);
      lists.set(notifySeq, list);
    }
    list.#waiting.add(transfer);
    transfer.waitsFor ??= new Set();
    transfer.waitsFor.add(list);
  }

  /** Nobody waits for the announcement any more; returns who did. */
  end(): Iterable<PulledTransfer> {
    this.#lists.delete(this.#notifySeq);
    for (const transfer of this.#waiting) transfer.waitsFor?.delete(this);
    return this.#waiting;
  }

  /** Forgets a transfer that is over: whatever it names may never come. */
  leave(transfer: PulledTransfer): void {
    this.#waiting.delete(transfer);
    if (this.#waiting.size === 0) this.#lists.delete(this.#notifySeq);
  }
}
