import { IdMap } from "../sched/id-map.js";
import type { KeyHash } from "../sched/key-hash.js";
import { LinkedSet } from "../sched/linked-set.js";
import { highWord } from "../wire/id64.js";
import type { PulledTransfer } from "./pulled-transfer.js";

const NONE: readonly PulledTransfer[] = [];

/** The transfers of one worker of a peer that are not finished here, by the numbers of their announcements and in the order of arrival. */
export class LiveTransfers {
  readonly #bySeq: IdMap<PulledTransfer>;
  readonly #inOrder = new LinkedSet<PulledTransfer>();

  /** Finds them by `hash`: the peer chooses the numbers. */
  constructor(hash: KeyHash) {
    this.#bySeq = new IdMap(hash);
  }

  /** How many there are. */
  get size(): number {
    return this.#bySeq.size;
  }

  /** The transfer with this number, or `undefined`. */
  get(notifySeq: number): PulledTransfer | undefined {
    return this.#bySeq.get(highWord(notifySeq), notifySeq >>> 0);
  }

  /** Adds a transfer under the number that it has now. */
  add(transfer: PulledTransfer): void {
    const { notifySeq } = transfer;
    this.#bySeq.set(highWord(notifySeq), notifySeq >>> 0, transfer);
    this.#inOrder.add(transfer);
  }

  /** Forgets a transfer; its number must not have changed since. */
  delete(transfer: PulledTransfer): void {
    if (!this.#inOrder.has(transfer)) return;
    const { notifySeq } = transfer;
    this.#inOrder.delete(transfer);
    this.#bySeq.delete(highWord(notifySeq), notifySeq >>> 0);
  }

  /** Those with numbers from `start` on and below `end`, as they are now. */
  between(start: number, end: number): readonly PulledTransfer[] {
    if (this.size === 0) return NONE;
    const found: PulledTransfer[] = [];
    if (end - start < this.size) {
      for (let notifySeq = start; notifySeq < end; notifySeq++) {
        const transfer = this.get(notifySeq);
        if (transfer !== undefined) found.push(transfer);
      }
    } else {
      for (const transfer of this.#inOrder) {
        if (transfer.notifySeq >= start && transfer.notifySeq < end) found.push(transfer);
      }
    }
    return found;
  }

  /** All of them, in the order in which they came. The one that is shown may be deleted meanwhile. */
  [Symbol.iterator](): IterableIterator<PulledTransfer> {
    return this.#inOrder[Symbol.iterator]();
  }
}
