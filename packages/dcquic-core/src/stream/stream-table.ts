import type { PathId } from "../engine/events.js";
import { type Id64, sameId } from "../wire/id64.js";
import type { Stream } from "./stream.js";

const WORD = 2 ** 32;
const GENERATIONS = 2 ** 20;

/**
 * The streams of an engine by path, id and opener. Ids of different paths, and those of both sides of one, may be equal.
 */
export class StreamTable {
  // A number of slot, generation and opener finds a stream quickly; the few that share one are told apart one by one.
  readonly #buckets = new Map<number, Stream[]>();
  #size = 0;

  /** How many streams there are. */
  get size(): number {
    return this.#size;
  }

  /** Finds a stream. */
  get(path: PathId, id: Id64, isOpener: boolean): Stream | undefined {
    return this.#buckets
      .get(bucketOf(id, isOpener))
      ?.find((stream) => stream.path === path && stream.id !== undefined && sameId(stream.id, id));
  }

  /** Adds a stream whose id is known. */
  add(stream: Stream, id: Id64): void {
    const key = bucketOf(id, stream.isOpener);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, [stream]);
    else bucket.push(stream);
    this.#size += 1;
  }

  /** Removes a stream; harmless when it is gone. */
  remove(stream: Stream): void {
    if (stream.id === undefined) return;
    const key = bucketOf(stream.id, stream.isOpener);
    const bucket = this.#buckets.get(key) ?? [];
    const index = bucket.indexOf(stream);
    if (index < 0) return;
    this.#size -= 1;
    bucket.splice(index, 1);
    if (bucket.length === 0) this.#buckets.delete(key);
  }

  /** All streams of a path, as they are now. */
  of(path: PathId): readonly Stream[] {
    return this.all().filter((stream) => stream.path === path);
  }

  /** All streams, as they are now. */
  all(): readonly Stream[] {
    return [...this.#buckets.values()].flat();
  }
}

function bucketOf({ hi, lo }: Id64, isOpener: boolean): number {
  return lo + WORD * (2 * (hi % GENERATIONS) + (isOpener ? 1 : 0));
}
