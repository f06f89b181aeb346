/** What can be in a linked set, in one at a time. The set alone writes these. */
export interface Linked<T> {
  /** The one that was added before it. */
  previous: T | undefined;
  /** The one that was added after it. */
  next: T | undefined;
  /** The set it is in. */
  home: object | undefined;
}

/**
 * A set in the order of insertion that allocates nothing: who is in it knows its neighbours. For what comes and goes all the
 * time; a `Set` would make a new table every so often.
 */
export class LinkedSet<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  /** How many are in it. */
  get size(): number {
    return this.#size;
  }

  /** Whether `item` is in it. */
  has(item: T): boolean {
    return item.home === this;
  }

  /** Appends an item that is in no set, or leaves it where it is in this one. @throws TypeError for one of another set. */
  add(item: T): void {
    if (item.home === this) return;
    if (item.home !== undefined) throw new TypeError("an item of another set");
    item.home = this;
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Takes an item out, if it is in it. */
  delete(item: T): void {
    if (item.home !== this) return;
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // Nothing old may refer to what is younger once it is out.
    item.previous = undefined;
    item.next = undefined;
    item.home = undefined;
    this.#size -= 1;
  }

  /** Its items from the first on. The one that is shown may be taken out meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let item = this.#first; item !== undefined;) {
      const { next } = item;
      yield item;
      item = next;
    }
  }

  /** The first one, or `undefined`. */
  get first(): T | undefined {
    return this.#first;
  }

  /** The last one, or `undefined`. */
  get last(): T | undefined {
    return this.#last;
  }
}
