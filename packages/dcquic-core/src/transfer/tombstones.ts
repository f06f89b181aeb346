import { IdMap } from "../sched/id-map.js";
import type { KeyHash } from "../sched/key-hash.js";
import { type Linked, LinkedSet } from "../sched/linked-set.js";
import { type Id64, highWord } from "../wire/id64.js";
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
  readonly #bySeq: IdMap<Tombstone>;
  // Apart, so that the one to go is found at once: the peer decides how many fail.
  readonly #successes = new LinkedSet<Tombstone>();
  readonly #failures = new LinkedSet<Tombstone>();

  /**
   * Keeps at most `limit`; beyond it the oldest successful one goes, then the oldest. `forgotten` is told of each that
   * goes. They are found by `hash`: the peer chooses the numbers.
   */
  constructor(
    hash: KeyHash,
    forgotten: (tombstone: Tombstone) => void,
    limit: number = MAX_TOMBSTONES,
  ) {
    this.#bySeq = new IdMap(hash);
    this.#forgotten = forgotten;
    this.#limit = limit;
  }

  /** How many there are. */
  get size(): number {
    return this.#bySeq.size;
  }

  /** What is left of the announcement with this number. */
  get(notifySeq: number): Tombstone | undefined {
    return this.#bySeq.get(highWord(notifySeq), notifySeq >>> 0);
  }

  /** Remembers a finished transfer. */
  add(notifySeq: number, tombstone: Tombstone): void {
    if (this.#bySeq.size >= this.#limit) this.#forgetOldest();
    const before = this.get(notifySeq);
    if (before !== undefined) this.#forget(before);
    tombstone.notifySeq = notifySeq;
    this.#bySeq.set(highWord(notifySeq), notifySeq >>> 0, tombstone);
    this.#listOf(tombstone).add(tombstone);
  }

  /** Obeys CLOSED: everything below the floor and in the ranges above it is forgotten. Returns how many were. */
  close(floor: number, ranges: RangeList): number {
    const before = this.#bySeq.size;
    for (const list of [this.#successes, this.#failures]) {
      for (const tombstone of list) {
        const { notifySeq } = tombstone;
        if (notifySeq < floor || isCovered(notifySeq - floor, ranges)) this.#forget(tombstone);
      }
    }
    return before - this.#bySeq.size;
  }

  /** Forgets all of them, because their path is forgotten. */
  clear(): void {
    for (const list of [this.#successes, this.#failures]) {
      for (const tombstone of list) this.#forget(tombstone);
    }
  }

  #forgetOldest(): void {
    const oldest = this.#successes.first ?? this.#failures.first;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(tombstone: Tombstone): void {
    const { notifySeq } = tombstone;
    this.#bySeq.delete(highWord(notifySeq), notifySeq >>> 0);
    this.#listOf(tombstone).delete(tombstone);
    this.#forgotten(tombstone);
  }

  #listOf({ status }: Tombstone): LinkedSet<Tombstone> {
    return status === 0 ? this.#successes : this.#failures;
  }
}

function isCovered(position: number, ranges: RangeList): boolean {
  for (let i = 0; i < ranges.count; i++) {
    if (position < ranges.start(i)) return false;
    if (position < ranges.end(i)) return true;
  }
  return false;
}
