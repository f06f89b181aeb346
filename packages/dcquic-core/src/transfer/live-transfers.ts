import { LinkedSet } from "../sched/linked-set.js";
import { NumberMap } from "../sched/number-map.js";
import type { PulledTransfer } from "./pulled-transfer.js";

/** The transfers of one worker of a peer that are not finished here, by the numbers of their announcements and in the order of arrival. */
export class LiveTransfers {
  readonly #bySeq = new NumberMap<PulledTransfer>();
  readonly #inOrder = new LinkedSet<PulledTransfer>();

  /** How many there are. */
  get size(): number {
    return this.#bySeq.size;
  }

  /** The transfer with this number, or `undefined`. */
  get(notifySeq: number): PulledTransfer | undefined {
    return this.#bySeq.get(notifySeq);
  }

  /** Adds a transfer under the number that it has now. */
  add(transfer: PulledTransfer): void {
    this.#bySeq.set(transfer.notifySeq, transfer);
    this.#inOrder.add(transfer);
  }

  /** Forgets a transfer; its number must not have changed since. */
  delete(transfer: PulledTransfer): void {
    if (!this.#inOrder.has(transfer)) return;
    this.#inOrder.delete(transfer);
    this.#bySeq.delete(transfer.notifySeq);
  }

  /** Those with numbers from `start` on and below `end`, as they are now. */
  between(start: number, end: number): PulledTransfer[] {
    const found: PulledTransfer[] = [];
    for (const notifySeq of this.#bySeq.keysBetween(start, end)) {
      const transfer = this.#bySeq.get(notifySeq);
      if (transfer !== undefined) found.push(transfer);
    }
    return found;
  }

  /** All of them, in the order in which they came. The one that is shown may be deleted meanwhile. */
  [Symbol.iterator](): IterableIterator<PulledTransfer> {
    return this.#inOrder[Symbol.iterator]();
  }
}
