import { type Linked, LinkedSet } from "../sched/linked-set.js";
import { NumberMap } from "../sched/number-map.js";
import type { Id64 } from "../wire/id64.js";
import type { RangeList } from "../wire/ranges.js";

/** How many tombstones a path keeps. spec/dcquic.md §6 */
const MAX_TOMBSTONES = 65_536;

/** What is left of a finished transfer at its puller. */
export class Tombstone implements Linked<Tombstone> {
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
  /** Number of the announcement, once it is kept. */
  notifySeq = -1;
  /** See {@link Linked}: among those of its worker. */
  previous: Tombstone | undefined;
  /** See {@link Linked}. */
  next: Tombstone | undefined;
  /** See {@link Linked}. */
  home: object | undefined;

  /** Says what became of a transfer. */
  constructor(facts: Pick<Tombstone, "path" | "announcerId" | "pullerId" | "status" | "pulled">) {
    this.path = facts.path;
    this.announcerId = facts.announcerId;
    this.pullerId = facts.pullerId;
    this.status = facts.status;
    this.pulled = facts.pulled;
  }

  /** What it is among the entries of an engine's table. */
  get role(): "tombstone" {
    return "tombstone";
  }
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
  readonly #bySeq = new NumberMap<Tombstone>();
  readonly #inOrder = new LinkedSet<Tombstone>();

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
    const before = this.#bySeq.get(notifySeq);
    if (before !== undefined) this.#forget(before);
    tombstone.notifySeq = notifySeq;
    this.#bySeq.set(notifySeq, tombstone);
    this.#inOrder.add(tombstone);
  }

  /** Obeys CLOSED: everything below the floor and in the ranges above it is forgotten. Returns how many were. */
  close(floor: number, ranges: RangeList): number {
    const before = this.#bySeq.size;
    for (const tombstone of this.#inOrder) {
      const { notifySeq } = tombstone;
      if (notifySeq < floor || isCovered(notifySeq - floor, ranges)) this.#forget(tombstone);
    }
    return before - this.#bySeq.size;
  }

  /** Forgets all of them, because their path is forgotten. */
  clear(): void {
    for (const tombstone of this.#inOrder) this.#forget(tombstone);
  }

  #forgetOldest(): void {
    let oldest: Tombstone | undefined;
    for (const tombstone of this.#inOrder) {
      oldest ??= tombstone;
      if (tombstone.status !== 0) continue;
      oldest = tombstone;
      break;
    }
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(tombstone: Tombstone): void {
    this.#bySeq.delete(tombstone.notifySeq);
    this.#inOrder.delete(tombstone);
    this.#forgotten(tombstone);
  }
}

function isCovered(position: number, ranges: RangeList): boolean {
  for (let i = 0; i < ranges.count; i++) {
    if (position < ranges.start(i)) return false;
    if (position < ranges.end(i)) return true;
  }
  return false;
}
