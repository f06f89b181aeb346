/** Names a scheduled entry until it fires or is cancelled. */
export type TimerId = number & { readonly [timerId]: true };
declare const timerId: unique symbol;

/** The id of no timer. */
export const NO_TIMER: TimerId = -1 as TimerId;

const LEVELS = 4;
const SLOTS = 256;
const WORDS_PER_LEVEL = SLOTS / 32;
const OVERFLOW = LEVELS * SLOTS;
const FREE = -2;
const WORD = 2 ** 32;
const FIRST_CAPACITY = 256;

/**
 * Timers in microseconds: insert, cancel and advance cost the same however many there are.
 *
 * Four levels of 256 slots cover 2^32 µs ahead, a list holds what lies beyond. An entry lies in the level of the highest
 * byte in which its deadline differs from the present, and moves down when the present enters its slot. Lists are
 * intrusive, in typed arrays: a timer is no object.
 *
 * @see spec/dcquic.md §22, D-15
 */
export class TimingWheel {
  #now: number;
  #size = 0;
  #advancingTo = -1;
  #nearest: number | undefined;
  readonly #heads = new Int32Array(OVERFLOW + 1).fill(-1);
  readonly #tails = new Int32Array(OVERFLOW + 1).fill(-1);
  readonly #occupied = new Uint32Array(LEVELS * WORDS_PER_LEVEL);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #list = new Int32Array(0);
  #deadline = new Float64Array(0);
  #payload = new Float64Array(0);
  #free = -1;

  /** Starts at `nowUs`. */
  constructor(nowUs = 0) {
    this.#now = Math.floor(nowUs);
    this.#grow(FIRST_CAPACITY);
  }

  /** How many timers are scheduled. */
  get size(): number {
    return this.#size;
  }

  /**
   * Schedules `payload` for the first microsecond that is not before `deadlineUs`. What is due in the past, or is scheduled
   * while firing and due at once, fires with the next {@link TimingWheel.advance}.
   */
  schedule(deadlineUs: number, payload: number): TimerId {
    if (this.#free < 0) this.#grow(2 * this.#next.length);
    const index = this.#free;
    this.#free = at(this.#next, index);
    const earliest = this.#advancingTo < 0 ? this.#now : this.#advancingTo + 1;
    const deadline = Math.max(Math.ceil(deadlineUs), earliest);
    this.#deadline[index] = deadline;
    this.#payload[index] = payload;
    this.#link(index);
    this.#size += 1;
    if (this.#nearest !== undefined) this.#nearest = Math.min(this.#nearest, deadline);
    return index as TimerId;
  }

  /** Forgets a timer. It must be scheduled: an id is reused after it fired. */
  cancel(id: TimerId): void {
    if (id < 0 || at(this.#list, id) === FREE) throw new RangeError(`timer ${id} is not scheduled`);
    if (this.#deadline[id] === this.#nearest) this.#nearest = undefined;
    this.#unlink(id);
    this.#release(id);
  }

  /** The earliest deadline, exactly; Infinity without timers. */
  nextDeadline(): number {
    if (this.#size === 0) return Number.POSITIVE_INFINITY;
    this.#nearest ??= this.#findNearest();
    return this.#nearest;
  }

  /** Moves the present to `nowUs` and fires what fell due: by deadline, then in the order in which it was scheduled. */
  advance(nowUs: number, fire: (payload: number) => void): void {
    const target = Math.floor(nowUs);
    if (target < this.#now) return;
    this.#advancingTo = target;
    for (let list = this.#nextList(target); list >= 0; list = this.#nextList(target)) {
      if (list < SLOTS) this.#fireList(list, fire);
      else this.#cascade(list);
    }
    this.#now = target;
    this.#advancingTo = -1;
  }

  // Fires the head of a slot of level 0, one at a time: `fire` may cancel its neighbours.
  #fireList(list: number, fire: (payload: number) => void): void {
    for (let index = at(this.#heads, list); index >= 0; index = at(this.#heads, list)) {
      const payload = this.#payload[index] ?? 0;
      if (this.#deadline[index] === this.#nearest) this.#nearest = undefined;
      this.#unlink(index);
      this.#release(index);
      fire(payload);
    }
  }

  #cascade(list: number): void {
    // What is still too far away is linked to the same list again: stop at the entry that was its last.
    const last = at(this.#tails, list);
    for (let index = at(this.#heads, list); index >= 0;) {
      const next = index === last ? -1 : at(this.#next, index);
      this.#unlink(index);
      this.#link(index);
      index = next;
    }
  }

  // The first occupied list that begins at or before `target`; the present moves to its beginning.
  #nextList(target: number): number {
    for (let level = 0; level < LEVELS; level++) {
      const slot = this.#firstOccupied(level, this.#byteOf(this.#now, level));
      if (slot < 0) continue;
      const starts = this.#startOf(level, slot);
      if (starts > target) return -1;
      this.#now = Math.max(this.#now, starts);
      return level * SLOTS + slot;
    }
    const boundary = (Math.floor(this.#now / WORD) + 1) * WORD;
    if (at(this.#heads, OVERFLOW) < 0 || boundary > target) return -1;
    // Jumps over empty spans of 2^32 µs at once.
    const nearest = this.#minimumOf(OVERFLOW);
    this.#now = Math.max(boundary, Math.min(target, Math.floor(nearest / WORD) * WORD));
    return Math.floor(nearest / WORD) * WORD > target ? -1 : OVERFLOW;
  }

  #findNearest(): number {
    for (let level = 0; level < LEVELS; level++) {
      const slot = this.#firstOccupied(level, this.#byteOf(this.#now, level));
      if (slot >= 0) {
        return level === 0 ? this.#startOf(0, slot) : this.#minimumOf(level * SLOTS + slot);
      }
    }
    return this.#minimumOf(OVERFLOW);
  }

  #minimumOf(list: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let index = at(this.#heads, list); index >= 0; index = at(this.#next, index)) {
      least = Math.min(least, this.#deadline[index] ?? least);
    }
    return least;
  }

  #startOf(level: number, slot: number): number {
    const span = 256 ** level;
    return Math.floor(this.#now / (span * 256)) * span * 256 + slot * span;
  }

  #byteOf(time: number, level: number): number {
    return ((time >>> 0) >>> (8 * level)) & 255;
  }

  #firstOccupied(level: number, from: number): number {
    for (let word = from >>> 5; word < WORDS_PER_LEVEL; word++) {
      let bits = this.#occupied[level * WORDS_PER_LEVEL + word] ?? 0;
      if (word === from >>> 5) bits &= ~0 << (from & 31);
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }

  #link(index: number): void {
    const list = this.#listFor(this.#deadline[index] ?? 0);
    const tail = at(this.#tails, list);
    this.#list[index] = list;
    this.#next[index] = -1;
    this.#previous[index] = tail;
    if (tail < 0) this.#heads[list] = index;
    else this.#next[tail] = index;
    this.#tails[list] = index;
    if (list < OVERFLOW) {
      const word = list >>> 5;
      this.#occupied[word] = (this.#occupied[word] ?? 0) | (1 << (list & 31));
    }
  }

  #listFor(deadline: number): number {
    if (Math.floor(deadline / WORD) !== Math.floor(this.#now / WORD)) return OVERFLOW;
    const difference = (deadline >>> 0) ^ (this.#now >>> 0);
    const level = difference === 0 ? 0 : (31 - Math.clz32(difference)) >>> 3;
    return level * SLOTS + this.#byteOf(deadline, level);
  }

  #unlink(index: number): void {
    const list = at(this.#list, index);
    const next = at(this.#next, index);
    const previous = at(this.#previous, index);
    if (previous < 0) this.#heads[list] = next;
    else this.#next[previous] = next;
    if (next < 0) this.#tails[list] = previous;
    else this.#previous[next] = previous;
    if (list < OVERFLOW && at(this.#heads, list) < 0) {
      const word = list >>> 5;
      this.#occupied[word] = (this.#occupied[word] ?? 0) & ~(1 << (list & 31));
    }
  }

  #release(index: number): void {
    this.#list[index] = FREE;
    this.#next[index] = this.#free;
    this.#free = index;
    this.#size -= 1;
  }

  #grow(capacity: number): void {
    const from = this.#next.length;
    this.#next = enlarged(this.#next, capacity);
    this.#previous = enlarged(this.#previous, capacity);
    this.#list = enlarged(this.#list, capacity);
    const deadline = new Float64Array(capacity);
    deadline.set(this.#deadline);
    this.#deadline = deadline;
    const payload = new Float64Array(capacity);
    payload.set(this.#payload);
    this.#payload = payload;
    for (let index = capacity - 1; index >= from; index--) {
      this.#list[index] = FREE;
      this.#next[index] = this.#free;
      this.#free = index;
    }
  }
}

function at(array: Int32Array, index: number): number {
  return array[index] ?? -1;
}

function enlarged(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
}
