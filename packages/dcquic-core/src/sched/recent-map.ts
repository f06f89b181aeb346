/** A map that remembers only so many entries: one more, and the one that was added first is forgotten. */
export class RecentMap<K, V> {
  readonly #limit: number;
  // Iterates in the order of insertion.
  readonly #entries = new Map<K, V>();

  /** Remembers at most `limit` entries. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether a key is remembered. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** What is remembered of a key. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Remembers something. A key that is known already keeps its age. */
  set(key: K, value: V): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  /** Remembers something as if its key had not been known. */
  renew(key: K, value: V): void {
    this.#entries.delete(key);
    this.set(key, value);
  }

  /** Forgets a key and says whether it was remembered. */
  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  /** The keys, the oldest first. */
  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }
}
