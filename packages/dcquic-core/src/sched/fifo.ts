const FIRST_CAPACITY = 4;
// What a burst needed is kept for the next one, a flood's memory is not.
const KEPT_CAPACITY = 4096;

// Never written to: what is pushed first makes room. A peer has many queues that nothing ever waits in.
const NONE: never[] = [];

/** A first-in-first-out queue whose operations do not slow down as it grows, and that allocates nothing once it has grown. */
export class Fifo<T> {
  readonly #limit: number;
  // A ring: its length is a power of two, or zero while nothing was ever pushed.
  #items: (T | undefined)[] = NONE;
  #head = 0;
  #size = 0;

  /** Holds at most `limit` items. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** Appends an item; one that finds the queue full is dropped. */
  push(item: T): void {
    if (this.#size >= this.#limit) return;
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item;
    this.#size += 1;
  }

  /** Puts an item that was taken back before all others, whatever the limit. */
  unshift(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#size += 1;
  }

  /** The first item, or `undefined`. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#items[this.#head];
  }

  /** Takes the first item, or `undefined`. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#items.length > KEPT_CAPACITY) this.clear();
    return item;
  }

  /** Forgets all items. */
  clear(): void {
    this.#items = NONE;
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const { length } = this.#items;
    const larger: (T | undefined)[] = [];
    for (let i = 0; i < length; i++) larger.push(this.#items[(this.#head + i) & (length - 1)]);
    const capacity = Math.max(FIRST_CAPACITY, 2 * length);
    while (larger.length < capacity) larger.push(undefined);
    this.#items = larger;
    this.#head = 0;
  }
}
