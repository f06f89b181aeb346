interface Entry<T> {
  readonly key: string;
  readonly address: T;
  pins: number;
}

/**
 * Numbers addresses. A pinned number stays; another is reused, oldest first, once the table is full.
 *
 * A quarter of the table cannot be pinned, so whoever forges sources displaces strangers only.
 */
export class AddressTable<T> {
  readonly #capacity: number;
  readonly #indexes = new Map<string, number>();
  readonly #entries: Entry<T>[] = [];
  #pinned = 0;
  #hand = 0;

  /** `capacity` counts addresses; at least 4. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Tells the number of the address that `key` names, a new one where it has none. */
  intern(key: string, address: () => T): number {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.#entries.length < this.#capacity ? this.#entries.length : this.#evict();
    this.#entries[index] = { key, address: address(), pins: 0 };
    this.#indexes.set(key, index);
    return index;
  }

  /** Tells the address of a number. */
  at(index: number): T | undefined {
    return this.#entries[index]?.address;
  }

  /** Keeps a number until as many calls of `unpin`. Returns `false` where too many are kept, or it means nothing. */
  pin(index: number): boolean {
    const entry = this.#entries[index];
    if (entry === undefined) return false;
    if (entry.pins === 0) {
      if (this.#pinned >= this.#capacity - Math.floor(this.#capacity / 4)) return false;
      this.#pinned++;
    }
    entry.pins++;
    return true;
  }

  /** Undoes one `pin`. */
  unpin(index: number): void {
    const entry = this.#entries[index];
    if (entry === undefined || entry.pins === 0) return;
    entry.pins--;
    if (entry.pins === 0) this.#pinned--;
  }

  #evict(): number {
    for (;;) {
      const index = this.#hand;
      this.#hand = (this.#hand + 1) % this.#capacity;
      const entry = this.#entries[index];
      if (entry === undefined || entry.pins > 0) continue;
      this.#indexes.delete(entry.key);
      return index;
    }
  }
}
