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
  isAdmitting: boolean;
}

// Credit comes back in steps of 256 by default: whenever some does, as many wait in the engine to use it. Twice as many cost a
// tenth more processor time, since what is under way for longer is copied by the collector.
const MOST_UNANSWERED = 512;
const MIN_SWEPT = 64;

/**
 * Has calls wait before they have a stream: of each path and priority only so many openings are with the engine at a time.
 * Thousands of calls may be under way, and one that cannot be announced yet is to cost no more than a place in a queue.
 *
 * @see spec/dcquic.md §11
 */
export class Openings {
  readonly #paths = new Map<PathId, (Lane | undefined)[]>();
  #waiting = 0;

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many wait for a path. */
  waitingOn(path: PathId): number {
    return this.#lanesOf(path).reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** Whether a call may open its stream now; otherwise `opener` is told later, exactly once. */
  mayOpen(path: PathId, priority: number, opener: Opener): boolean {
    const lane = this.#lane(path, priority);
    if (lane.unanswered < MOST_UNANSWERED) return true;
    lane.waiting.push(opener);
    this.#waiting += 1;
    return false;
  }

  /** Notes that an opener which waits gave up: it is forgotten when enough have. */
  gaveUp(path: PathId, priority: number): void {
    const lane = this.#paths.get(path)?.[priority];
    if (lane === undefined) return;
    lane.gaveUp += 1;
    if (lane.gaveUp < MIN_SWEPT || 2 * lane.gaveUp < lane.waiting.size) return;
    for (let left = lane.waiting.size; left > 0; left--) {
      const opener = this.#shift(lane);
      if (opener === undefined || opener.isOver) continue;
      lane.waiting.push(opener);
      this.#waiting += 1;
    }
    lane.gaveUp = 0;
  }

  /** Counts a stream that opens. */
  opened(stream: Stream): void {
    stream.isUnanswered = true;
    this.#lane(stream.path, stream.priority).unanswered += 1;
  }

  /** Notes that the peer answered the opening of a stream, or that the stream is over. Harmless the second time. */
  answered(stream: Stream): void {
    if (!stream.isUnanswered) return;
    stream.isUnanswered = false;
    const lane = this.#paths.get(stream.path)?.[stream.priority];
    if (lane === undefined) return;
    lane.unanswered -= 1;
    if (lane.waiting.size > 0) this.#admit(stream.path, lane);
  }

  /** Has what waits for a path, and what is open there, count for another one. */
  move(before: PathId, after: PathId): void {
    const lanes = this.#paths.get(before);
    this.#paths.delete(before);
    lanes?.forEach((lane, priority) => {
      if (lane === undefined) return;
      const to = this.#lane(after, priority);
      to.unanswered += lane.unanswered;
      to.gaveUp += lane.gaveUp;
      for (let each = lane.waiting.shift(); each !== undefined; each = lane.waiting.shift()) {
        to.waiting.push(each);
      }
      this.#admit(after, to);
    });
  }

  /** Turns everyone away who waits for a path. */
  fail(path: PathId, outcome: StreamOutcome): void {
    for (const lane of this.#lanesOf(path)) {
      for (let each = this.#shift(lane); each !== undefined; each = this.#shift(lane)) {
        if (!each.isOver) each.turnedAway(outcome);
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
  #admit(path: PathId, lane: Lane): void {
    if (lane.isAdmitting) return;
    lane.isAdmitting = true;
    while (lane.unanswered < MOST_UNANSWERED && lane.waiting.size > 0) {
      const opener = this.#shift(lane);
      if (opener?.isOver === false) opener.admitted(path);
      else lane.gaveUp = Math.max(0, lane.gaveUp - 1);
    }
    lane.isAdmitting = false;
  }

  #shift(lane: Lane): Opener | undefined {
    const opener = lane.waiting.shift();
    if (opener !== undefined) this.#waiting -= 1;
    return opener;
  }

  #lanesOf(path: PathId): readonly Lane[] {
    return (this.#paths.get(path) ?? []).filter((lane) => lane !== undefined);
  }

  #lane(path: PathId, priority: number): Lane {
    let lanes = this.#paths.get(path);
    if (lanes === undefined) {
      lanes = Array<undefined>(PRIORITIES).fill(undefined);
      this.#paths.set(path, lanes);
    }
    let lane = lanes[priority];
    if (lane === undefined) {
      lane = { unanswered: 0, waiting: new Fifo(), gaveUp: 0, isAdmitting: false };
      lanes[priority] = lane;
    }
    return lane;
  }
}
