import { LogMeta, PARTITIONS } from "../log/log-buffers.js";
import { OfferResult } from "../log/offer.js";
import { PublicationBase } from "./publication-base.js";

/** A publication that any number of writers share: the same channel and stream give the same log. spec/aeron.md §8 */
export class Publication extends PublicationBase {
  /** Takes space from the tail, which other writers move as well. */
  protected override append(need: number): number {
    if (this.isClosed) return OfferResult.closed;
    const { log } = this;
    const { termLength } = log;
    const count = log.activeTermCount();
    const tail = log.rawTail(count);
    const offset = Math.min(Number(tail & 0xffff_ffffn), termLength);
    if (count !== ((Number(tail >> 32n) - log.initialTermId) | 0)) return OfferResult.adminAction;
    const position = count * termLength + offset;
    if (!this.isBelowLimit(position)) return this.refusal(position, need);
    return this.#claim(count, need);
  }

  #claim(count: number, need: number): number {
    const { log } = this;
    const { termLength } = log;
    const partition = count % PARTITIONS;
    const raw = log.meta.addLong(LogMeta.tail + partition * 8, BigInt(need));
    const offset = Number(raw & 0xffff_ffffn);
    const termId = Number(raw >> 32n);
    const start = ((termId - log.initialTermId) | 0) * termLength;
    const term = log.partition(partition);
    if (offset + need > termLength) {
      if (offset < termLength) this.frames.padding(term, offset, termId, termLength - offset);
      if (this.isBeyondMax(start + offset + need)) return OfferResult.maxPositionExceeded;
      log.rotate(count, termId);
      return OfferResult.adminAction;
    }
    this.appended.term = term;
    this.appended.offset = offset;
    this.appended.termId = termId;
    return start + offset + need;
  }
}
