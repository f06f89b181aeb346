import type { Transfer } from "./transfer.js";
import type { MsgId } from "./wire/header.js";

/**
 * The transfers that wait for an answer, by id, and those that wait for a place among them.
 *
 * The earliest deadline is kept as a lower bound: it is only computed anew when it falls due, so a transfer that is
 * answered in time costs nothing.
 */
export class RequestTable {
  readonly #pending = new Map<MsgId, Transfer>();
  readonly #waiting: Transfer[] = [];
  #earliestUs = Number.POSITIVE_INFINITY;
  /** The peer's `max_inflight`. */
  limit = 0;

  /** Transfers that were admitted and are not settled. */
  get inflight(): number {
    return this.#pending.size;
  }

  /** Transfers that were not admitted yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** A moment before which no deadline falls. */
  get earliestUs(): number {
    return this.#earliestUs;
  }

  /** Whether one more transfer may be left unanswered, and no earlier one waits for that. */
  get hasRoom(): boolean {
    return this.#pending.size < this.limit && this.#waiting.length === 0;
  }

  /** Whether {@link RequestTable.nextWaiting} would give one. */
  get hasAdmissible(): boolean {
    return this.#waiting.length > 0 && this.#pending.size < this.limit;
  }

  /** The transfer with this id. */
  get(msgId: MsgId): Transfer | undefined {
    return this.#pending.get(msgId);
  }

  /** Counts a transfer as unanswered. */
  admit(transfer: Transfer): void {
    this.#pending.set(transfer.msgId, transfer);
  }

  /** Gives a transfer another id. */
  rename(transfer: Transfer, msgId: number): void {
    if (this.#pending.delete(transfer.msgId)) this.#pending.set(msgId, transfer);
    transfer.msgId = msgId;
  }

  /** Lets a transfer wait for its turn. */
  enqueue(transfer: Transfer): void {
    this.#waiting.push(transfer);
  }

  /** The next of those that wait, if there is room for it. */
  nextWaiting(): Transfer | undefined {
    return this.#pending.size < this.limit ? this.#waiting.shift() : undefined;
  }

  /** Forgets a transfer. */
  remove(transfer: Transfer): void {
    if (this.#pending.get(transfer.msgId) === transfer) this.#pending.delete(transfer.msgId);
    if (transfer.state !== "waiting") return;
    const at = this.#waiting.indexOf(transfer);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** Makes sure that nothing is missed at `atUs`. */
  watch(atUs: number): void {
    if (atUs < this.#earliestUs) this.#earliestUs = atUs;
  }

  /** Starts the bound anew; the caller then watches what it finds among {@link RequestTable.all}. */
  resetWatch(): void {
    this.#earliestUs = Number.POSITIVE_INFINITY;
  }

  /** Every transfer, admitted or waiting. */
  all(): Transfer[] {
    return [...this.#pending.values(), ...this.#waiting];
  }
}
