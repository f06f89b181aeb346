const COMPACT_FROM = 64;

/** A first-in-first-out queue whose operations do not slow down as it grows. */
export class Fifo<T> {
  readonly #limit: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  /** Holds at most `limit` items. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** How many items wait. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Appends an item; one that finds the queue full is dropped. */
  push(item: T): void {
    if (this.size < this.#limit) this.#items.push(item);
  }

  /** The first item, or `undefined`. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes the first item, or `undefined`. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= COMPACT_FROM && 2 * this.#head > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Forgets all items. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
