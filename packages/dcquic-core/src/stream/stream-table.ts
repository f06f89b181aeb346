import type { PathId } from "../engine/events.js";
import { IdMap } from "../sched/id-map.js";
import type { KeyHash } from "../sched/key-hash.js";
import { LinkedSet } from "../sched/linked-set.js";
import type { Id64 } from "../wire/id64.js";
import type { Stream } from "./stream.js";

interface PathStreams {
  readonly own: IdMap<Stream>;
  readonly theirs: IdMap<Stream>;
  readonly inOrder: LinkedSet<Stream>;
}

/**
 * The streams of an engine by path, id and opener. Ids of different paths, and those of both sides of one, may be equal.
 */
export class StreamTable {
  readonly #hash: KeyHash;
  readonly #paths = new Map<PathId, PathStreams>();
  #size = 0;

  /** Finds streams by `hash`: peers choose the ids of those that they open. */
  constructor(hash: KeyHash) {
    this.#hash = hash;
  }

  /**
   * Has two paths of one peer know the same streams, because what runs on the one goes on on the other: the peer may be ahead
   * of this side, or behind it.
   */
  join(before: PathId, after: PathId): void {
    const [kept, added] = [this.#streamsOf(before), this.#paths.get(after)];
    if (added === kept) return;
    for (const stream of added?.inOrder ?? []) {
      added?.inOrder.delete(stream);
      if (stream.id !== undefined) enter(kept, stream, stream.id);
    }
    this.#paths.set(after, kept);
  }

  /** How many streams there are. */
  get size(): number {
    return this.#size;
  }

  /** How many of a path's streams its peer opened. */
  theirsOn(path: PathId): number {
    return this.#paths.get(path)?.theirs.size ?? 0;
  }

  /** Finds a stream. */
  get(path: PathId, id: Id64, isOpener: boolean): Stream | undefined {
    const streams = this.#paths.get(path);
    return (isOpener ? streams?.own : streams?.theirs)?.get(id.hi, id.lo);
  }

  /** Adds a stream whose id is known, and which is in no other set. */
  add(stream: Stream, id: Id64): void {
    enter(this.#streamsOf(stream.path), stream, id);
    this.#size += 1;
  }

  /** Removes a stream; harmless when it is gone. */
  remove(stream: Stream): void {
    const { id, path } = stream;
    const streams = this.#paths.get(path);
    if (id === undefined || streams?.inOrder.has(stream) !== true) return;
    streams.inOrder.delete(stream);
    (stream.isOpener ? streams.own : streams.theirs).delete(id.hi, id.lo);
    this.#size -= 1;
  }

  /** Forgets a path that has no streams any more. */
  forget(path: PathId): void {
    if (this.of(path).length === 0) this.#paths.delete(path);
  }

  /** All streams of a path, as they are now. */
  of(path: PathId): readonly Stream[] {
    const streams = this.#paths.get(path);
    return [...(streams?.inOrder ?? [])].filter((stream) => stream.path === path);
  }

  /** All streams, as they are now. */
  all(): readonly Stream[] {
    return [...this.#paths.keys()].flatMap((path) => this.of(path));
  }

  #streamsOf(path: PathId): PathStreams {
    let streams = this.#paths.get(path);
    if (streams === undefined) {
      const hash = this.#hash;
      streams = { own: new IdMap(hash), theirs: new IdMap(hash), inOrder: new LinkedSet() };
      this.#paths.set(path, streams);
    }
    return streams;
  }
}

function enter({ own, theirs, inOrder }: PathStreams, stream: Stream, { hi, lo }: Id64): void {
  (stream.isOpener ? own : theirs).set(hi, lo, stream);
  inOrder.add(stream);
}
