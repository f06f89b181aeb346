import type { Id64 } from "../wire/id64.js";

/**
 * Values by the slots of an engine's ids, which no two live transfers share: slots are small and dense, so that finding one
 * is one access to an array.
 *
 * @see spec/dcquic.md §6.1
 */
export class BySlot<T> {
  readonly #values: (T | undefined)[] = [];

  /** The value of a transfer, or `undefined`. */
  get(id: Id64): T | undefined {
    return this.#values[id.lo];
  }

  /** Sets the value of a transfer. */
  set(id: Id64, value: T): void {
    while (this.#values.length < id.lo) this.#values.push(undefined);
    this.#values[id.lo] = value;
  }

  /** Forgets the value of a transfer. */
  delete(id: Id64): void {
    if (id.lo < this.#values.length) this.#values[id.lo] = undefined;
  }
}
