import type { PathId } from "../engine/events.js";
import { NumberMap } from "../sched/number-map.js";
import { type Id64, sameId } from "../wire/id64.js";
import type { Stream } from "./stream.js";

// Of one path and opener by slot; the few of different generations that share one stand side by side.
type Slots = NumberMap<Stream | Stream[]>;

interface PathStreams {
  readonly own: Slots;
  readonly theirs: Slots;
}

/**
 * The streams of an engine by path, id and opener. Ids of different paths, and those of both sides of one, may be equal.
 */
export class StreamTable {
  readonly #paths = new Map<PathId, PathStreams>();
  #size = 0;

  /**
   * Has two paths of one peer know the same streams, because what runs on the one goes on on the other: the peer may be ahead
   * of this side, or behind it.
   */
  join(before: PathId, after: PathId): void {
    const [kept, added] = [this.#slotsOf(before), this.#paths.get(after)];
    for (const stream of added === undefined ? [] : streamsIn(added)) {
      if (stream.id !== undefined) enter(kept, stream, stream.id);
    }
    this.#paths.set(after, kept);
  }

  /** How many streams there are. */
  get size(): number {
    return this.#size;
  }

  /** Finds a stream. */
  get(path: PathId, id: Id64, isOpener: boolean): Stream | undefined {
    const slots = this.#paths.get(path);
    const found = (isOpener ? slots?.own : slots?.theirs)?.get(id.lo);
    if (found === undefined) return undefined;
    if (Array.isArray(found)) return found.find((stream) => isNamed(stream, id));
    return isNamed(found, id) ? found : undefined;
  }

  /** Adds a stream whose id is known. */
  add(stream: Stream, id: Id64): void {
    enter(this.#slotsOf(stream.path), stream, id);
    this.#size += 1;
  }

  /** Removes a stream; harmless when it is gone. */
  remove(stream: Stream): void {
    const { id, path } = stream;
    const slots = this.#paths.get(path);
    const of = stream.isOpener ? slots?.own : slots?.theirs;
    if (id === undefined || of === undefined) return;
    const there = of.get(id.lo);
    if (there === stream) of.delete(id.lo);
    else if (Array.isArray(there) && there.includes(stream)) {
      there.splice(there.indexOf(stream), 1);
      if (there.length === 0) of.delete(id.lo);
    } else return;
    this.#size -= 1;
  }

  /** Forgets a path that has no streams any more. */
  forget(path: PathId): void {
    if (this.of(path).length === 0) this.#paths.delete(path);
  }

  /** All streams of a path, as they are now. */
  of(path: PathId): readonly Stream[] {
    const slots = this.#paths.get(path);
    return slots === undefined ? [] : streamsIn(slots).filter((stream) => stream.path === path);
  }

  #slotsOf(path: PathId): PathStreams {
    let slots = this.#paths.get(path);
    if (slots === undefined) {
      slots = { own: new NumberMap(), theirs: new NumberMap() };
      this.#paths.set(path, slots);
    }
    return slots;
  }

  /** All streams, as they are now. */
  all(): readonly Stream[] {
    return [...this.#paths.keys()].flatMap((path) => this.of(path));
  }
}

function streamsIn({ own, theirs }: PathStreams): readonly Stream[] {
  return [...own.values(), ...theirs.values()].flat();
}

function enter({ own, theirs }: PathStreams, stream: Stream, id: Id64): void {
  const of = stream.isOpener ? own : theirs;
  const there = of.get(id.lo);
  if (there === undefined) of.set(id.lo, stream);
  else if (Array.isArray(there)) there.push(stream);
  else of.set(id.lo, [there, stream]);
}

function isNamed(stream: Stream, id: Id64): boolean {
  return stream.id !== undefined && sameId(stream.id, id);
}
