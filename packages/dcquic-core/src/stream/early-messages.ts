import type { EngineEvent, PathId } from "../engine/events.js";
import { RecentMap } from "../sched/recent-map.js";
import { formatId, type Id64, sameId } from "../wire/id64.js";

/** A transfer as the engine offers it. */
export type Offer = EngineEvent & { readonly kind: "transferOffered" };

/** A close as the engine tells it. */
export type Close = EngineEvent & { readonly kind: "streamClosed" };

/** What may overtake the opening of a stream. */
export type Early = Offer | Close;

const NONE: readonly Early[] = [];
const MAX_EARLY = 1024;
const REMEMBERED = 4096;

/**
 * Messages, and orderly ends of directions, that overtook the message that opens their stream, and the ids of streams that are over, so that the two can be
 * told apart.
 */
export class EarlyMessages {
  readonly #byStream = new Map<string, Early[]>();
  readonly #over = new RecentMap<string, true>(REMEMBERED);
  // The path whose number stands for those that were joined to it.
  readonly #first = new Map<PathId, PathId>();
  #count = 0;

  /** How much waits. */
  get size(): number {
    return this.#count;
  }

  /** Keeps something until its stream opens; `false` when the stream is over or too much waits. */
  hold(early: Early): boolean {
    const key = this.#keyOf(early.path, early.streamId);
    if (this.#over.has(key) || this.#count >= MAX_EARLY) return false;
    const held = this.#byStream.get(key) ?? [];
    held.push(early);
    this.#byStream.set(key, held);
    this.#count += 1;
    return true;
  }

  /** What came before its stream was opened, in the order in which it came. */
  take(path: PathId, streamId: Id64): readonly Early[] {
    if (this.#count === 0) return NONE;
    const key = this.#keyOf(path, streamId);
    const held = this.#byStream.get(key) ?? [];
    this.#byStream.delete(key);
    this.#count -= held.length;
    return held;
  }

  /** Forgets a message that failed while it waited. */
  lose(transfer: Id64): void {
    this.#keep((early) => early.kind !== "transferOffered" || !sameId(early.transfer, transfer));
  }

  /** Remembers that a stream of the peer ended before its messages did; returns those that wait. */
  over(path: PathId, streamId: Id64): readonly Early[] {
    this.#over.set(this.#keyOf(path, streamId), true);
    return this.take(path, streamId);
  }

  /** Whether a stream of the peer is known to be over. */
  isOver(path: PathId, streamId: Id64): boolean {
    return this.#over.size > 0 && this.#over.has(this.#keyOf(path, streamId));
  }

  /** Forgets what waits on a path. */
  drop(path: PathId): void {
    this.#keep((early) => early.path !== path);
    this.#first.delete(path);
  }

  /** Has streams of `after` be known by what came on `before`, a path of the same peer, too. */
  join(before: PathId, after: PathId): void {
    this.#first.set(after, this.#first.get(before) ?? before);
  }

  #keep(isKept: (early: Early) => boolean): void {
    for (const [key, held] of this.#byStream) {
      const kept = held.filter(isKept);
      this.#count -= held.length - kept.length;
      if (kept.length === 0) this.#byStream.delete(key);
      else this.#byStream.set(key, kept);
    }
  }

  #keyOf(path: PathId, streamId: Id64): string {
    return `${this.#first.get(path) ?? path}.${formatId(streamId)}`;
  }
}
