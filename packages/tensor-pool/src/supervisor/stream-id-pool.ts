import { type IdRange, inRange } from "../config/id-range.js";

/** Hands out Aeron streams of a range, each to one consumer. spec/tensor-pool.md §15 */
export class StreamIdPool {
  readonly #range: IdRange;
  readonly #reserved: ReadonlySet<number>;
  readonly #taken = new Set<number>();
  #next: number;

  /** `reserved` ids are of others, though they lie in the range. */
  constructor(range: IdRange, reserved: readonly number[] = []) {
    this.#range = range;
    this.#reserved = new Set(reserved);
    this.#next = range.first;
  }

  /** Takes `wanted` if it is free, else the next free one; `undefined` when there is none. */
  take(wanted: number): number | undefined {
    if (inRange(this.#range, wanted) && this.#isFree(wanted)) return this.#keep(wanted);
    const count = this.#range.last - this.#range.first + 1;
    for (let tried = 0; tried < count; tried++) {
      const id = this.#next;
      this.#next = id === this.#range.last ? this.#range.first : id + 1;
      if (this.#isFree(id)) return this.#keep(id);
    }
    return undefined;
  }

  /** Gives one back. */
  release(id: number): void {
    this.#taken.delete(id);
  }

  #isFree(id: number): boolean {
    return !this.#taken.has(id) && !this.#reserved.has(id);
  }

  #keep(id: number): number {
    this.#taken.add(id);
    return id;
  }
}
