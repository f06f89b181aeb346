import { WireLimit } from "../wire/constants.js";

/** What limits the search. */
export interface PathMtuOptions {
  /** Bytes of UDP payload that are used until more are known to pass. */
  readonly startBytes: number;
  /** Bytes beyond which nothing is tried: what both sides allow. */
  readonly maxBytes: number;
}

const MAX_LOSSES = 3;
const MAX_TIMEOUTS = 3;
// Closer than this the answer is worth less than the probe.
const PRECISION_BYTES = 32;
const RETRY_US = 600_000_000;
// Probes whose answers still count: as many as a search takes.
const REMEMBERED = 32;
// Never written to: the first probe takes its place.
const NONE: number[] = [];

/**
 * How large the datagrams of a path may be: found by padded probes, lowered by what the network reports, and given up where
 * large datagrams vanish without a report.
 *
 * ```
 * searching ──answered: more─▶ searching        searching ──bounds meet─▶ settled
 * settled ──10 min─▶ searching                  any ──three DATA timeouts─▶ searching, from the floor
 * ```
 *
 * A probe that is not answered within a PTO counts as lost, but a peer may only have been busy: whenever an answer comes, a
 * datagram of that size did pass.
 *
 * @see spec/dcquic.md §14, §17.7
 */
export class PathMtu {
  readonly #maxBytes: number;
  #bytes: number;
  #high: number;
  #probeBytes = 0;
  #probeDueUs = Number.NEGATIVE_INFINITY;
  #probeId = 0;
  // Sizes of the latest probes, by their numbers, and the first whose answer counts.
  #sizes: number[] = NONE;
  #firstId = 1;
  #losses = 0;
  #isFirstTry = true;
  #timeouts = 0;
  #timedOutUs = Number.NEGATIVE_INFINITY;

  /** Begins to search where the start is below the maximum. */
  constructor(options: PathMtuOptions) {
    this.#maxBytes = Math.max(WireLimit.minDatagramBytes, options.maxBytes);
    this.#bytes = Math.min(options.startBytes, this.#maxBytes);
    this.#high = this.#maxBytes;
    if (this.#isSettled) this.#probeDueUs = Number.POSITIVE_INFINITY;
  }

  /** Bytes of UDP payload that a packet may have now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The largest size that may still turn out to pass. */
  get maxBytes(): number {
    return this.#high;
  }

  /** When the next probe may go, or counts as lost; Infinity when nothing is searched. */
  get dueUs(): number {
    return this.#probeDueUs;
  }

  /** Begins the next probe, if one is due: its size, or 0. One that was not answered counts as lost. */
  nextProbe(nowUs: number, timeoutUs: number): number {
    if (nowUs < this.#probeDueUs) return 0;
    if (this.#probeBytes > 0) this.#lost();
    else if (this.#isSettled) this.#widen();
    if (this.#isSettled) {
      this.#settle(nowUs);
      return 0;
    }
    this.#probeBytes = this.#losses > 0 ? this.#probeBytes : this.#candidate();
    this.#probeDueUs = nowUs + timeoutUs;
    this.#probeId += 1;
    if (this.#sizes === NONE) this.#sizes = [];
    this.#sizes[this.#probeId % REMEMBERED] = this.#probeBytes;
    return this.#probeBytes;
  }

  /** Number of the latest probe, to be found in its answer. */
  get probeId(): number {
    return this.#probeId;
  }

  /** Takes the answer to a probe, however late; not to one that was sent before less was found to pass. */
  answered(nowUs: number, probeId: number): void {
    const size = this.#sizeOf(probeId);
    if (size <= this.#bytes) return;
    this.#bytes = size;
    this.#high = Math.max(this.#high, size);
    this.#probeBytes = 0;
    this.#losses = 0;
    if (this.#isSettled) this.#settle(nowUs);
    else this.#probeDueUs = nowUs;
  }

  /** Obeys a report that more than `bytes` of UDP payload do not pass; never goes below 1200. */
  tooLarge(nowUs: number, bytes: number): void {
    const limit = Math.max(WireLimit.minDatagramBytes, bytes);
    if (limit >= this.#high) return;
    this.#high = limit;
    this.#bytes = Math.min(this.#bytes, limit);
    this.#firstId = this.#probeId + 1;
    this.#probeBytes = 0;
    this.#losses = 0;
    if (this.#isSettled) this.#settle(nowUs);
  }

  /** Notes that so many bytes of one message arrived at the peer; ends of messages pass however small the path is. */
  dataArrived(bytes: number): void {
    if (bytes >= this.#bytes) this.#timeouts = 0;
  }

  /**
   * Notes that DATA was not acknowledged in time: three PTOs in a row, without any that was, may mean that its size does not
   * pass. The floor is used until a probe of the old size says otherwise.
   */
  dataTimedOut(nowUs: number, ptoUs: number): void {
    // Transfers time out together: what counts is for how long none was acknowledged.
    if (nowUs - this.#timedOutUs < ptoUs) return;
    this.#timedOutUs = nowUs;
    this.#timeouts += 1;
    if (this.#timeouts < MAX_TIMEOUTS || this.#bytes === WireLimit.minDatagramBytes) return;
    this.#timeouts = 0;
    this.#high = this.#bytes;
    this.#isFirstTry = true;
    this.#bytes = WireLimit.minDatagramBytes;
    this.#firstId = this.#probeId + 1;
    this.#probeBytes = 0;
    this.#losses = 0;
    this.#probeDueUs = nowUs;
  }

  // 0 for a probe that does not count.
  #sizeOf(probeId: number): number {
    const isRecent = probeId <= this.#probeId && probeId > this.#probeId - REMEMBERED;
    return isRecent && probeId >= this.#firstId ? (this.#sizes[probeId % REMEMBERED] ?? 0) : 0;
  }

  get #isSettled(): boolean {
    return this.#high - this.#bytes < PRECISION_BYTES;
  }

  // The largest first: most networks pass all that their ends are configured for.
  #candidate(): number {
    return this.#isFirstTry ? this.#high : Math.ceil((this.#bytes + this.#high) / 2);
  }

  #lost(): void {
    this.#losses += 1;
    if (this.#losses < MAX_LOSSES) return;
    this.#high = this.#probeBytes - 1;
    this.#isFirstTry = false;
    this.#probeBytes = 0;
    this.#losses = 0;
  }

  #widen(): void {
    this.#high = this.#maxBytes;
    this.#isFirstTry = true;
  }

  #settle(nowUs: number): void {
    this.#probeDueUs = this.#bytes < this.#maxBytes ? nowUs + RETRY_US : Number.POSITIVE_INFINITY;
  }
}
