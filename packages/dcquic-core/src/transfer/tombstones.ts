import type { Id64 } from "../wire/id64.js";
import type { RangeList } from "../wire/ranges.js";

/** How many tombstones a path keeps. spec/dcquic.md §6 */
const MAX_TOMBSTONES = 65_536;

/** What is left of a finished transfer at its puller. */
export interface Tombstone {
  /** Number of the path. */
  readonly path: number;
  /** Id at the announcer. */
  readonly announcerId: Id64;
  /** Id it had at the puller. */
  readonly pullerId: Id64;
  /** Final status: 0 is success. */
  readonly status: number;
  /** Whether bytes were pulled, so that a repeated question is answered with RANGE_ACK COMPLETE. */
  readonly pulled: boolean;
}

/**
 * The finished transfers of one worker of the peer, until its CLOSED covers them: a repeated question after completion gets
 * the right answer, never a guess.
 *
 * @see spec/dcquic.md §6, §9.12
 */
export class Tombstones {
  readonly #limit: number;
  readonly #forgotten: (tombstone: Tombstone) => void;
  readonly #bySeq = new Map<number, Tombstone>();

  /**
   * Keeps at most `limit`; beyond it the oldest successful one goes, then the oldest. `forgotten` is told of each that
   * goes.
   */
  constructor(forgotten: (tombstone: Tombstone) => void, limit: number = MAX_TOMBSTONES) {
    this.#forgotten = forgotten;
    this.#limit = limit;
  }

  /** How many there are. */
  get size(): number {
    return this.#bySeq.size;
  }

  /** What is left of the announcement with this number. */
  get(notifySeq: number): Tombstone | undefined {
    return this.#bySeq.get(notifySeq);
  }

  /** Remembers a finished transfer. */
  add(notifySeq: number, tombstone: Tombstone): void {
    if (this.#bySeq.size >= this.#limit) this.#forgetOldest();
    this.#bySeq.set(notifySeq, tombstone);
  }

  /** Obeys CLOSED: everything below the floor and in the ranges above it is forgotten. Returns how many were. */
  close(floor: number, ranges: RangeList): number {
    const before = this.#bySeq.size;
    for (const notifySeq of this.#bySeq.keys()) {
      if (notifySeq < floor || isCovered(notifySeq - floor, ranges)) this.#forget(notifySeq);
    }
    return before - this.#bySeq.size;
  }

  /** Forgets all of them, because their path is forgotten. */
  clear(): void {
    for (const notifySeq of this.#bySeq.keys()) this.#forget(notifySeq);
  }

  #forgetOldest(): void {
    let oldest: number | undefined;
    for (const [notifySeq, { status }] of this.#bySeq) {
      oldest ??= notifySeq;
      if (status !== 0) continue;
      oldest = notifySeq;
      break;
    }
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(notifySeq: number): void {
    const tombstone = this.#bySeq.get(notifySeq);
    this.#bySeq.delete(notifySeq);
    if (tombstone !== undefined) this.#forgotten(tombstone);
  }
}

function isCovered(position: number, ranges: RangeList): boolean {
  for (let i = 0; i < ranges.count; i++) {
    if (position < ranges.start(i)) return false;
    if (position < ranges.end(i)) return true;
  }
  return false;
}
