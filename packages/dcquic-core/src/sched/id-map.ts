import { HashedIds } from "./hashed-ids.js";
import type { KeyHash } from "./key-hash.js";

const FIRST_PLACES = 8;
const MOST_PLACES = 4096;
// So many places for each value that has one are worth that a key finds its own free.
const PLACES_PER_VALUE = 16;

// Never written to: what is set first makes room. A peer has many maps that nothing is ever in.
const NO_KEYS = new Uint32Array(0);
const NO_VALUES: never[] = [];

/**
 * Objects by 64-bit keys of two words, for those that come and go all the time. It allocates nothing once it has grown: a `Map`
 * makes a new table every so often, and its old ones keep what was in them alive until the heap is collected as a whole.
 *
 * Each key has one place, by its low bits: honest peers count announcements one by one and have dense slots, so that it is free. A
 * key whose place is taken goes to {@link HashedIds}, which nobody can choose keys for.
 *
 * There is no order among what it holds, so it shows nothing but what is asked for by its key.
 *
 * @see docs/decisions/0216-a-place-for-each-number.md
 */
export class IdMap<T extends object> {
  readonly #hash: KeyHash;
  // Both words of the key at i are at 2i and 2i + 1. Their number is a power of two, or zero while nothing was ever set.
  #keys: Uint32Array = NO_KEYS;
  #values: (T | undefined)[] = NO_VALUES;
  #placed = 0;
  #others: HashedIds<T> | undefined;

  /** Holds nothing yet; `hash` says where keys belong that have no place. */
  constructor(hash: KeyHash) {
    this.#hash = hash;
  }

  /** How many values it holds. */
  get size(): number {
    return this.#placed + (this.#others?.size ?? 0);
  }

  /** The value of a key, or `undefined`. */
  get(hi: number, lo: number): T | undefined {
    if (this.#isPlaced(hi, lo)) return this.#values[this.#placeOf(lo)];
    return this.#others?.get(hi, lo);
  }

  /** Sets the value of a key. */
  set(hi: number, lo: number, value: T): void {
    if (this.#others?.get(hi, lo) !== undefined || !this.#makePlace(hi, lo)) {
      this.#others ??= new HashedIds(this.#hash);
      this.#others.set(hi, lo, value);
      return;
    }
    const place = this.#placeOf(lo);
    if (this.#values[place] === undefined) this.#placed += 1;
    this.#put(place, hi, lo, value);
  }

  /** Forgets a key, and says whether it was there. */
  delete(hi: number, lo: number): boolean {
    if (!this.#isPlaced(hi, lo)) return this.#others?.delete(hi, lo) ?? false;
    this.#values[this.#placeOf(lo)] = undefined;
    this.#placed -= 1;
    return true;
  }

  #isPlaced(hi: number, lo: number): boolean {
    if (this.#placed === 0) return false;
    const [keys, place] = [this.#keys, this.#placeOf(lo)];
    return (
      this.#values[place] !== undefined && keys[2 * place + 1] === lo && keys[2 * place] === hi
    );
  }

  // Whether the place of a key is its own, or free: where it is not and few are taken, there are twice as many from then on.
  #makePlace(hi: number, lo: number): boolean {
    while (this.#isTaken(hi, lo)) {
      const { length } = this.#values;
      if (length >= MOST_PLACES || length > PLACES_PER_VALUE * this.#placed) return false;
      this.#grow(2 * length);
    }
    if (this.#values.length === 0) this.#grow(FIRST_PLACES);
    return true;
  }

  #isTaken(hi: number, lo: number): boolean {
    return (
      this.#placed > 0 && this.#values[this.#placeOf(lo)] !== undefined && !this.#isPlaced(hi, lo)
    );
  }

  #placeOf(lo: number): number {
    return lo & (this.#values.length - 1);
  }

  #put(place: number, hi: number, lo: number, value: T): void {
    this.#keys[2 * place] = hi;
    this.#keys[2 * place + 1] = lo;
    this.#values[place] = value;
  }

  // Who had a place for themselves among few have one among more.
  #grow(places: number): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Uint32Array(2 * places);
    this.#values = Array<T | undefined>(places).fill(undefined);
    values.forEach((value, from) => {
      const [hi, lo] = [keys[2 * from] ?? 0, keys[2 * from + 1] ?? 0];
      if (value !== undefined) this.#put(this.#placeOf(lo), hi, lo, value);
    });
  }
}
