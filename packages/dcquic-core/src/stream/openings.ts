import type { PathId } from "../engine/events.js";
import { Fifo } from "../sched/fifo.js";
import { PRIORITIES } from "../sched/priority-queue.js";
import type { Stream, StreamOutcome } from "./stream.js";

/** A call that has no stream yet, because others of its path and priority go first. */
export interface Opener {
  /** Whether it gave up meanwhile. */
  readonly isOver: boolean;
  /** It is its turn: opens a stream on `path` now, or never. */
  admitted(path: PathId): void;
  /** There will be no turn. */
  turnedAway(outcome: StreamOutcome): void;
}

/** Opening messages of one path and priority. */
interface Lane {
  // That were sent and not answered: not even known to the peer, as far as this side can tell.
  unanswered: number;
  readonly waiting: Fifo<Opener>;
  // Of those that wait, how many may have given up.
  gaveUp: number;
}

/** Opening messages of one path. */
interface PathOpenings {
  // By priority.
  readonly lanes: (Lane | undefined)[];
  // How many of each lane may be unanswered, which is looked up every so often while streams are opened.
  most: number;
  opened: number;
  waiting: number;
  isAdmitting: boolean;
}

// What is under way is worked on again and again: its memory is to stay in a core's cache, or a call takes twice the time.
const LEAST_UNANSWERED = 64;
// Twice what credit comes back in.
const MOST_UNANSWERED = 512;
// Of the time in which an answer may come, for one more call. What is under way makes round trips longer by a few microseconds for
// each call: at half of this, the two would drive each other up.
const CALL_US = 16;
const LOOKED_UP_EVERY = 64;
const MIN_SWEPT = 64;

/**
 * Has calls wait before they have a stream: of each path and priority only so many openings are with the engine at a time.
 * Thousands of calls may be under way, and one that cannot be announced yet is to cost no more than a place in a queue. While
 * urgent ones wait, none that is less urgent is admitted.
 *
 * @see spec/dcquic.md §11
 */
export class Openings {
  readonly #paths = new Map<PathId, PathOpenings>();
  readonly #roundTripUs: (path: PathId) => number;
  #waiting = 0;
  #waited = 0;

  /** `roundTripUs` tells the round trip of a path, Infinity where it is not known. */
  constructor(roundTripUs: (path: PathId) => number) {
    this.#roundTripUs = roundTripUs;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many had to wait so far. */
  get waited(): number {
    return this.#waited;
  }

  /** How many wait for a path. */
  waitingOn(path: PathId): number {
    return this.#paths.get(path)?.waiting ?? 0;
  }

  /** Whether a call may open its stream now; otherwise `opener` is told later, exactly once. */
  mayOpen(path: PathId, priority: number, opener: Opener): boolean {
    const openings = this.#of(path);
    const lane = laneOf(openings, priority);
    const isFree = openings.waiting === 0 || !isHeldUp(openings, priority);
    if (isFree && lane.unanswered < openings.most) return true;
    lane.waiting.push(opener);
    openings.waiting += 1;
    this.#waiting += 1;
    this.#waited += 1;
    return false;
  }

  /** Notes that an opener which waits gave up: it is forgotten when enough have. */
  gaveUp(path: PathId, priority: number): void {
    const openings = this.#paths.get(path);
    const lane = openings?.lanes[priority];
    if (openings === undefined || lane === undefined) return;
    lane.gaveUp += 1;
    if (lane.gaveUp < MIN_SWEPT || 2 * lane.gaveUp < lane.waiting.size) return;
    const before = lane.waiting.size;
    for (let left = before; left > 0; left--) {
      const opener = lane.waiting.shift();
      if (opener?.isOver === false) lane.waiting.push(opener);
    }
    openings.waiting -= before - lane.waiting.size;
    this.#waiting -= before - lane.waiting.size;
    lane.gaveUp = 0;
    this.#admit(path, openings);
  }

  /** Counts a stream that opens. */
  opened(stream: Stream): void {
    const openings = this.#of(stream.path);
    stream.isUnanswered = true;
    laneOf(openings, stream.priority).unanswered += 1;
    openings.opened += 1;
    if (openings.opened % LOOKED_UP_EVERY === 0) openings.most = this.#most(stream.path);
  }

  /** Notes that the peer answered the opening of a stream, or that the stream is over. Harmless the second time. */
  answered(stream: Stream): void {
    if (!stream.isUnanswered) return;
    stream.isUnanswered = false;
    const openings = this.#paths.get(stream.path);
    const lane = openings?.lanes[stream.priority];
    if (openings === undefined || lane === undefined) return;
    lane.unanswered -= 1;
    if (openings.waiting > 0) this.#admit(stream.path, openings);
  }

  /** Has what waits for a path, and what is open there, count for another one. */
  move(before: PathId, after: PathId): void {
    const from = this.#paths.get(before);
    if (from === undefined) return;
    this.#paths.delete(before);
    const to = this.#of(after);
    from.lanes.forEach((lane, priority) => {
      if (lane === undefined) return;
      const longer = laneOf(to, priority);
      longer.unanswered += lane.unanswered;
      longer.gaveUp += lane.gaveUp;
      for (let each = lane.waiting.shift(); each !== undefined; each = lane.waiting.shift()) {
        longer.waiting.push(each);
      }
    });
    to.waiting += from.waiting;
    this.#admit(after, to);
  }

  /** Turns everyone away who waits for a path. */
  fail(path: PathId, outcome: StreamOutcome): void {
    const openings = this.#paths.get(path);
    for (const lane of openings?.lanes ?? []) {
      for (let left = lane?.waiting.size ?? 0; left > 0; left--) {
        const opener = this.#shift(openings, lane);
        if (opener?.isOver === false) opener.turnedAway(outcome);
      }
    }
  }

  /** Turns everyone away. */
  failAll(outcome: StreamOutcome): void {
    for (const path of this.#paths.keys()) this.fail(path, outcome);
  }

  /** Forgets a path that is gone, and for which nobody waits. */
  forget(path: PathId): void {
    this.#paths.delete(path);
  }

  // Who is admitted may be refused at once, which makes room for the next: one after the other, not one inside the other.
  #admit(path: PathId, openings: PathOpenings): void {
    if (openings.isAdmitting) return;
    openings.isAdmitting = true;
    for (const lane of openings.lanes) {
      if (lane === undefined) continue;
      while (lane.unanswered < openings.most && lane.waiting.size > 0) {
        const opener = this.#shift(openings, lane);
        if (opener?.isOver === false) opener.admitted(path);
        else lane.gaveUp = Math.max(0, lane.gaveUp - 1);
      }
      if (lane.waiting.size > 0) break;
    }
    openings.isAdmitting = false;
  }

  // As many as keep both ends busy for a round trip, and no more.
  #most(path: PathId): number {
    const meanwhile = Math.ceil(this.#roundTripUs(path) / CALL_US);
    return Math.min(MOST_UNANSWERED, LEAST_UNANSWERED + meanwhile);
  }

  #shift(openings: PathOpenings | undefined, lane: Lane | undefined): Opener | undefined {
    const opener = lane?.waiting.shift();
    if (opener === undefined || openings === undefined) return undefined;
    openings.waiting -= 1;
    this.#waiting -= 1;
    return opener;
  }

  #of(path: PathId): PathOpenings {
    let openings = this.#paths.get(path);
    if (openings === undefined) {
      const lanes = Array<Lane | undefined>(PRIORITIES).fill(undefined);
      openings = { lanes, most: this.#most(path), opened: 0, waiting: 0, isAdmitting: false };
      this.#paths.set(path, openings);
    }
    return openings;
  }
}

function laneOf({ lanes }: PathOpenings, priority: number): Lane {
  let lane = lanes[priority];
  if (lane === undefined) {
    lane = { unanswered: 0, waiting: new Fifo(), gaveUp: 0 };
    lanes[priority] = lane;
  }
  return lane;
}

// Whether someone waits who is as urgent, or more.
function isHeldUp({ lanes }: PathOpenings, priority: number): boolean {
  for (let level = 0; level <= priority; level++) {
    if ((lanes[level]?.waiting.size ?? 0) > 0) return true;
  }
  return false;
}
