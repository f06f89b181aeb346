const FIRST_CAPACITY = 8;
// What a burst needed is kept for the next one, a flood's memory is not.
const KEPT_CAPACITY = 4096;
const EMPTY = -1;
// Knuth's: neighbours are spread over the whole table.
const MULTIPLIER = 0x9e_37_79_b1;

// Never written to: what is set first makes room. A peer has many maps that nothing is ever in.
const NO_KEYS = new Float64Array(0);
const NO_VALUES: never[] = [];

/**
 * Objects by whole numbers from 0 on, for those that come and go all the time. It allocates nothing once it has grown: a `Map`
 * makes a new table every so often, and its old ones keep what was in them alive until the heap is collected as a whole.
 *
 * There is no order among what it holds.
 */
export class NumberMap<T> {
  // Open addressing with linear probing, never more than half full.
  #keys: Float64Array = NO_KEYS;
  #values: (T | undefined)[] = NO_VALUES;
  #shift = 32;
  #size = 0;

  /** How many values it holds. */
  get size(): number {
    return this.#size;
  }

  /** The value of a key, or `undefined`. */
  get(key: number): T | undefined {
    if (this.#size === 0) return undefined;
    const index = this.#find(key);
    return this.#keys[index] === key ? this.#values[index] : undefined;
  }

  /** Sets the value of a key. */
  set(key: number, value: T): void {
    if (2 * (this.#size + 1) > this.#keys.length) this.#grow();
    const index = this.#find(key);
    if (this.#keys[index] === EMPTY) this.#size += 1;
    this.#keys[index] = key;
    this.#values[index] = value;
  }

  /** Forgets a key, and says whether it was there. */
  delete(key: number): boolean {
    if (this.#size === 0) return false;
    const index = this.#find(key);
    if (this.#keys[index] !== key) return false;
    this.#size -= 1;
    if (this.#size === 0 && this.#keys.length > KEPT_CAPACITY) this.#drop();
    else this.#close(index);
    return true;
  }

  /** All values, as they are now. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** All keys from `start` on and below `end`, as they are now. */
  keysBetween(start: number, end: number): number[] {
    const keys: number[] = [];
    if (end - start < this.#size) {
      for (let key = start; key < end; key++) if (this.get(key) !== undefined) keys.push(key);
    } else if (this.#size > 0) {
      for (const key of this.#keys) if (key !== EMPTY && key >= start && key < end) keys.push(key);
    }
    return keys;
  }

  // Where the key is, or where it would be.
  #find(key: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let index = this.#homeOf(key);
    while (keys[index] !== key && keys[index] !== EMPTY) index = (index + 1) & mask;
    return index;
  }

  #homeOf(key: number): number {
    return Math.imul(key, MULTIPLIER) >>> this.#shift;
  }

  // Those behind it that were displaced come closer to where they belong, so that there are no gaps to search across.
  #close(index: number): void {
    const keys = this.#keys;
    const values = this.#values;
    const mask = keys.length - 1;
    let gap = index;
    for (let next = (gap + 1) & mask; ; next = (next + 1) & mask) {
      const key = keys[next] ?? EMPTY;
      if (key === EMPTY) break;
      const displaced = (next - this.#homeOf(key)) & mask;
      if (displaced < ((next - gap) & mask)) continue;
      keys[gap] = key;
      values[gap] = values[next];
      gap = next;
    }
    keys[gap] = EMPTY;
    values[gap] = undefined;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    const capacity = Math.max(FIRST_CAPACITY, 2 * keys.length);
    this.#keys = new Float64Array(capacity).fill(EMPTY);
    this.#values = Array<T | undefined>(capacity).fill(undefined);
    this.#shift = Math.clz32(capacity) + 1;
    keys.forEach((key, from) => {
      if (key === EMPTY) return;
      const index = this.#find(key);
      this.#keys[index] = key;
      this.#values[index] = values[from];
    });
  }

  #drop(): void {
    this.#keys = NO_KEYS;
    this.#values = NO_VALUES;
    this.#shift = 32;
  }
}
