const COMPACT_FROM = 1024;

/**
 * First in, first out, for queues that are empty most of the time: neither end moves elements or shrinks the array.
 */
export class Queue<T extends object> {
  #items: (T | undefined)[] = [];
  #head = 0;
  #tail = 0;

  /** Whether there is nothing to take. */
  get empty(): boolean {
    return this.#head === this.#tail;
  }

  /** Elements inside. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** The element that `shift` gives next. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  /** Adds at the end. */
  push(item: T): void {
    this.#items[this.#tail++] = item;
  }

  /** Takes from the front. */
  shift(): T | undefined {
    if (this.#head === this.#tail) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#tail) this.#rewind();
    else if (this.#head >= COMPACT_FROM && 2 * this.#head >= this.#tail) this.#compact();
    return item;
  }

  /** Takes `item` out of the middle; `false` when it is not inside. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#head);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    this.#tail--;
    if (this.#head === this.#tail) this.#rewind();
    return true;
  }

  /** Everything inside, oldest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#tail; at++) {
      const item = this.#items[at];
      if (item !== undefined) yield item;
    }
  }

  // A queue that is never empty would otherwise keep the places of all it ever held.
  #compact(): void {
    this.#items.splice(0, this.#head);
    this.#tail -= this.#head;
    this.#head = 0;
  }

  // A burst leaves a long array behind; it is not kept for ever.
  #rewind(): void {
    if (this.#items.length > COMPACT_FROM) this.#items = [];
    this.#head = 0;
    this.#tail = 0;
  }
}
