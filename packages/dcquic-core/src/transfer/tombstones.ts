import { IdMap } from "../sched/id-map.js";
import type { KeyHash } from "../sched/key-hash.js";
import { type Linked, LinkedSet } from "../sched/linked-set.js";
import { type Id64, highWord } from "../wire/id64.js";
import { SettledNumbers } from "./settled-numbers.js";

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
  constructor(path: number, announcerId: Id64, pullerId: Id64, status: number, pulled: boolean) {
    this.path = path;
    this.announcerId = announcerId;
    this.pullerId = pullerId;
    this.status = status;
    this.pulled = pulled;
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
  // Numbers that no question will come about. One that CLOSED names again costs nothing: the peer decides how often it does.
  readonly #closed: SettledNumbers;
  readonly #forgotten: (tombstone: Tombstone) => void;
  readonly #bySeq: IdMap<Tombstone>;
  // Apart, so that the one to go is found at once: the peer decides how many fail.
  readonly #successes = new LinkedSet<Tombstone>();
  readonly #failures = new LinkedSet<Tombstone>();

  /**
   * Keeps at most `limit`; beyond it the oldest successful one goes, then the oldest. `forgotten` is told of each that
   * goes. They are found by `hash`: the peer chooses the numbers, from `first` on.
   */
  constructor(
    hash: KeyHash,
    forgotten: (tombstone: Tombstone) => void,
    first = 0,
    limit: number = MAX_TOMBSTONES,
  ) {
    this.#bySeq = new IdMap(hash);
    this.#forgotten = forgotten;
    this.#closed = new SettledNumbers(first);
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

  /** Remembers a finished transfer, unless CLOSED covered it before it was. */
  add(notifySeq: number, tombstone: Tombstone): void {
    if (this.#closed.has(notifySeq)) {
      this.#forgotten(tombstone);
      return;
    }
    if (this.#bySeq.size >= this.#limit) this.#forgetOldest();
    const before = this.get(notifySeq);
    if (before !== undefined) this.#forget(before);
    tombstone.notifySeq = notifySeq;
    this.#bySeq.set(highWord(notifySeq), notifySeq >>> 0, tombstone);
    this.#listOf(tombstone).add(tombstone);
  }

  /**
   * Obeys a range of CLOSED: those from `start` to `end` are forgotten, for good. `firstClosed` is told of the numbers among them that
   * were not closed before, from one to another, and nothing else is looked at.
   */
  close(start: number, end: number, firstClosed: (start: number, end: number) => void): void {
    this.#closed.addNew(start, end, (from, to) => {
      this.#forgetBetween(from, to);
      firstClosed(from, to);
    });
  }

  /** Forgets all of them, because their path is forgotten. */
  clear(): void {
    for (const list of [this.#successes, this.#failures]) {
      for (const tombstone of list) this.#forget(tombstone);
    }
  }

  #forgetBetween(start: number, end: number): void {
    if (end - start < this.#bySeq.size) {
      for (let notifySeq = start; notifySeq < end; notifySeq++) {
        const tombstone = this.get(notifySeq);
        if (tombstone !== undefined) this.#forget(tombstone);
      }
      return;
    }
    this.#forgetOf(this.#successes, start, end);
    this.#forgetOf(this.#failures, start, end);
  }

  #forgetOf(list: LinkedSet<Tombstone>, start: number, end: number): void {
    for (let tombstone = list.first; tombstone !== undefined;) {
      const { next, notifySeq } = tombstone;
      if (notifySeq >= start && notifySeq < end) this.#forget(tombstone);
      tombstone = next;
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
