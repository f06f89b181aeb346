import type { KeyHash } from "./key-hash.js";

const FIRST_CAPACITY = 8;
// What a burst needed is kept for the next one, a flood's memory is not.
const KEPT_CAPACITY = 4096;

// Never written to: what is set first makes room. A peer has many maps that nothing is ever in.
const NO_KEYS = new Uint32Array(0);
const NO_VALUES: never[] = [];

/**
 * Objects by 64-bit keys of two words that whoever chose them may have chosen badly: an {@link IdMap} keeps here those that
 * have no place of their own.
 */
export class HashedIds<T extends object> {
  readonly #hash: KeyHash;
  // Open addressing with linear probing, never more than a quarter full. Both words of the key at i are at 2i and 2i + 1.
  #keys: Uint32Array = NO_KEYS;
  #values: (T | undefined)[] = NO_VALUES;
  #shift = 32;
  #size = 0;

  /** Holds nothing yet; `hash` says where keys belong. */
  constructor(hash: KeyHash) {
    this.#hash = hash;
  }

  /** How many values it holds. */
  get size(): number {
    return this.#size;
  }

  /** The value of a key, or `undefined`. */
  get(hi: number, lo: number): T | undefined {
    return this.#size === 0 ? undefined : this.#values[this.#find(hi, lo)];
  }

  /** Sets the value of a key. */
  set(hi: number, lo: number, value: T): void {
    if (4 * (this.#size + 1) > this.#values.length) this.#grow();
    const index = this.#find(hi, lo);
    if (this.#values[index] === undefined) this.#size += 1;
    this.#put(index, hi, lo, value);
  }

  /** Forgets a key, and says whether it was there. */
  delete(hi: number, lo: number): boolean {
    if (this.#size === 0) return false;
    const index = this.#find(hi, lo);
    if (this.#values[index] === undefined) return false;
    this.#size -= 1;
    if (this.#size === 0 && this.#values.length > KEPT_CAPACITY) this.#drop();
    else this.#close(index);
    return true;
  }

  // Where the key is, or where it would be.
  #find(hi: number, lo: number): number {
    const [keys, values] = [this.#keys, this.#values];
    const mask = values.length - 1;
    let index = this.#hash.of(hi, lo) >>> this.#shift;
    while (values[index] !== undefined) {
      if (keys[2 * index + 1] === lo && keys[2 * index] === hi) break;
      index = (index + 1) & mask;
    }
    return index;
  }

  #homeOf(index: number): number {
    const keys = this.#keys;
    return this.#hash.of(keys[2 * index] ?? 0, keys[2 * index + 1] ?? 0) >>> this.#shift;
  }

  #put(index: number, hi: number, lo: number, value: T | undefined): void {
    this.#keys[2 * index] = hi;
    this.#keys[2 * index + 1] = lo;
    this.#values[index] = value;
  }

  // Those behind it that were displaced come closer to where they belong, so that there are no gaps to search across.
  #close(index: number): void {
    const [keys, values] = [this.#keys, this.#values];
    const mask = values.length - 1;
    let gap = index;
    for (let next = (gap + 1) & mask; values[next] !== undefined; next = (next + 1) & mask) {
      const displaced = (next - this.#homeOf(next)) & mask;
      if (displaced < ((next - gap) & mask)) continue;
      this.#put(gap, keys[2 * next] ?? 0, keys[2 * next + 1] ?? 0, values[next]);
      gap = next;
    }
    values[gap] = undefined;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    const capacity = Math.max(FIRST_CAPACITY, 2 * values.length);
    this.#keys = new Uint32Array(2 * capacity);
    this.#values = Array<T | undefined>(capacity).fill(undefined);
    this.#shift = Math.clz32(capacity) + 1;
    values.forEach((value, from) => {
      if (value === undefined) return;
      const [hi, lo] = [keys[2 * from] ?? 0, keys[2 * from + 1] ?? 0];
      this.#put(this.#find(hi, lo), hi, lo, value);
    });
  }

  #drop(): void {
    this.#keys = NO_KEYS;
    this.#values = NO_VALUES;
    this.#shift = 32;
  }
}
