import { LogMeta, PARTITIONS, rawTail } from "../log/log-buffers.js";
import { OfferResult } from "../log/offer.js";
import { PublicationBase, type PublicationSetup } from "./publication-base.js";

/** A publication with one writer, which needs no atomic addition and no bigint per message. spec/aeron.md §8 */
export class ExclusivePublication extends PublicationBase {
  #count: number;
  #termId: number;
  #offset: number;

  /** Goes on where the log stands. */
  constructor(setup: PublicationSetup) {
    super(setup);
    this.#count = this.log.activeTermCount();
    const tail = this.log.rawTail(this.#count);
    this.#termId = Number(tail >> 32n);
    this.#offset = Number(tail & 0xffff_ffffn);
  }

  /** Takes space from the tail, which this writer alone moves. */
  protected override append(need: number): number {
    if (this.isClosed) return OfferResult.closed;
    const { termLength } = this.log;
    const start = this.#count * termLength;
    const position = start + this.#offset;
    if (!this.isBelowLimit(position)) return this.refusal(position, need);
    const term = this.log.partition(this.#count % PARTITIONS);
    const end = this.#offset + need;
    if (end > termLength) return this.#endTerm(position + need);
    this.appended.term = term;
    this.appended.offset = this.#offset;
    this.appended.termId = this.#termId;
    this.#putTail(end);
    this.#offset = end;
    return start + end;
  }

  #endTerm(beyond: number): number {
    const { log } = this;
    const { termLength } = log;
    if (this.#offset < termLength) {
      const term = log.partition(this.#count % PARTITIONS);
      const from = this.#offset;
      this.#putTail(termLength);
      this.#offset = termLength;
      this.frames.padding(term, from, this.#termId, termLength - from);
    }
    if (this.isBeyondMax(beyond)) return OfferResult.maxPositionExceeded;
    const nextId = (this.#termId + 1) | 0;
    const nextCount = this.#count + 1;
    log.meta.putLongRelease(LogMeta.tail + (nextCount % PARTITIONS) * 8, rawTail(nextId, 0));
    log.meta.putIntRelease(LogMeta.activeTermCount, nextCount);
    this.#termId = nextId;
    this.#count = nextCount;
    this.#offset = 0;
    return OfferResult.adminAction;
  }

  // The upper half, the term id, stands still within a term: storing the lower one is atomic. The frame's commit, which
  // follows, releases it.
  #putTail(offset: number): void {
    this.log.meta.words[(LogMeta.tail + (this.#count % PARTITIONS) * 8) >> 2] = offset;
  }
}
