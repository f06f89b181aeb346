import { Fifo } from "../sched/fifo.js";
import type { Id64 } from "../wire/id64.js";

const QUARANTINE = 1024;
const MAX_GENERATION = 2 ** 24 - 1;

/**
 * Objects under ids of 64 bits: worker, generation and slot. Looking one up is one array access and one comparison.
 *
 * A freed slot is reused only after 1024 others were freed, so that a generation needs weeks to come again.
 *
 * @see spec/dcquic.md §6.1
 */
export class SlotTable<T extends object> {
  readonly #worker: number;
  readonly #limit: number;
  readonly #firstGeneration: number;
  readonly #items: (T | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free = new Fifo<number>();
  #size = 0;

  /** Holds up to `limit` objects; generations begin with `firstGeneration`. */
  constructor(worker: number, limit: number, firstGeneration = 0) {
    this.#worker = worker;
    this.#limit = limit;
    this.#firstGeneration = firstGeneration;
  }

  /** How many objects it holds. */
  get size(): number {
    return this.#size;
  }

  /** Whether no more objects fit. */
  get isFull(): boolean {
    return this.#size >= this.#limit;
  }

  /** Stores an object and writes its id into `id`; `false` when the table is full. */
  insert(item: T, id: Id64): boolean {
    if (this.isFull) return false;
    const slot = this.#takeSlot();
    this.#items[slot] = item;
    this.#size += 1;
    id.hi = ((this.#worker << 24) | (this.#generations[slot] ?? 0)) >>> 0;
    id.lo = slot;
    return true;
  }

  /** Finds an object: the slot must hold it under this very generation. */
  get(id: Id64): T | undefined {
    if (id.hi >>> 24 !== this.#worker) return undefined;
    if ((this.#generations[id.lo] ?? -1) !== (id.hi & MAX_GENERATION)) return undefined;
    return this.#items[id.lo];
  }

  /** The object in a slot, of whatever generation. */
  at(slot: number): T | undefined {
    return this.#items[slot];
  }

  /** Puts another object under an id that is in use; `false` when it is not. */
  replace(id: Id64, item: T): boolean {
    if (this.get(id) === undefined) return false;
    this.#items[id.lo] = item;
    return true;
  }

  /** Forgets an object and says whether it was there. Its id will not be given out again for long. */
  remove(id: Id64): boolean {
    if (this.get(id) === undefined) return false;
    this.#items[id.lo] = undefined;
    // Not to 0: an id of zeros is none, in frames.
    this.#generations[id.lo] = ((id.hi & MAX_GENERATION) % MAX_GENERATION) + 1;
    this.#free.push(id.lo);
    this.#size -= 1;
    return true;
  }

  /** Every object, in order of slots. */
  *values(): IterableIterator<T> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }

  #takeSlot(): number {
    if (this.#free.size > QUARANTINE) {
      const slot = this.#free.shift();
      if (slot !== undefined) return slot;
    }
    this.#generations.push(this.#firstGeneration);
    this.#items.push(undefined);
    return this.#items.length - 1;
  }
}
