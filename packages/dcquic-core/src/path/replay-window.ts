/** What a window knows of a number. */
export type WindowVerdict =
  /** It was never seen: commit it once it is believed. */
  | "new"
  /** It was seen. */
  | "seen"
  /** It is so old that the window cannot tell. */
  | "below";

const BITS = 32;
const FIRST_WORDS = 8;
/** What the width of a window is a multiple of. */
export const WINDOW_STEP: number = BITS;
/** The narrowest window. */
export const MIN_WINDOW: number = FIRST_WORDS * BITS;

/**
 * Remembers which numbers of a rising sequence were seen: all of the last `width`, and everything below as long as the
 * sequence had no gap.
 *
 * Memory grows with the gaps there are, up to `width` bits: an idle or orderly path holds a few words.
 *
 * @see spec/dcquic.md §10
 */
export class ReplayWindow {
  /** Numbers below the highest that are remembered one by one. */
  readonly width: number;
  // Everything in [certain, base) was seen; below `certain` the window slid over gaps.
  #certain = 0;
  #base: number;
  #end: number;
  #bits = new Uint32Array(FIRST_WORDS);

  /** `first` is where the sequence begins. @throws RangeError unless `width` is a multiple of 32 from 256 on. */
  constructor(width: number, first = 0) {
    if (!(width >= MIN_WINDOW) || width % WINDOW_STEP !== 0) {
      throw new RangeError(`a window of ${width}`);
    }
    this.width = width;
    this.#base = first;
    this.#end = first;
  }

  /** The lowest number that was not seen, among those the window still tells apart. */
  get base(): number {
    return this.#base;
  }

  /** One more than the highest number seen. */
  get end(): number {
    return this.#end;
  }

  /** Bytes of memory in use for bits. */
  get bytes(): number {
    return this.#bits.byteLength;
  }

  /** Tells what is known of `number`, and changes nothing. */
  check(number: number): WindowVerdict {
    if (number >= this.#end) return "new";
    if (number < this.#base) return number < this.#certain ? "below" : "seen";
    return this.#has(number) ? "seen" : "new";
  }

  /**
   * Notes that `number` was seen, and those after it, `count` in all. Only for what an authenticated packet said: a forged number would
   * move the window.
   */
  commit(number: number, count = 1): void {
    // Nothing is missing, and nothing will be.
    if (number === this.#end && this.#base === this.#end) {
      this.#base += count;
      this.#end = this.#base;
      return;
    }
    for (let i = 0; i < count; i++) this.#commitOne(number + i);
  }

  #commitOne(number: number): void {
    if (number < this.#base) return;
    if (number >= this.#end) this.#extendTo(number + 1);
    this.#set(number);
    while (this.#base < this.#end && this.#has(this.#base)) {
      this.#clear(this.#base);
      this.#base += 1;
    }
  }

  #extendTo(end: number): void {
    const lowest = end - this.width;
    if (lowest > this.#base) this.#slideTo(lowest);
    this.#end = end;
    this.#reserve(end - this.#base);
  }

  // Whatever was missing below `lowest` can no longer be told from what was seen.
  #slideTo(lowest: number): void {
    if (lowest >= this.#end) this.#bits.fill(0);
    else for (let n = this.#base; n < lowest; n++) this.#clear(n);
    this.#certain = lowest;
    this.#base = lowest;
    if (this.#end < lowest) this.#end = lowest;
  }

  #reserve(span: number): void {
    const capacity = this.#bits.length * BITS;
    if (span <= capacity) return;
    let words = this.#bits.length;
    while (words * BITS < span) words *= 2;
    const old = this.#bits;
    this.#bits = new Uint32Array(Math.min(words, this.width / BITS));
    for (let n = this.#base; n < this.#end && n < this.#base + capacity; n++) {
      const word = old[Math.floor(n / BITS) % old.length] ?? 0;
      if ((word & (1 << (n % BITS))) !== 0) this.#set(n);
    }
  }

  #has(number: number): boolean {
    return ((this.#bits[this.#word(number)] ?? 0) & (1 << (number % BITS))) !== 0;
  }

  #set(number: number): void {
    const word = this.#word(number);
    this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (number % BITS));
  }

  #clear(number: number): void {
    const word = this.#word(number);
    this.#bits[word] = (this.#bits[word] ?? 0) & ~(1 << (number % BITS));
  }

  #word(number: number): number {
    return Math.floor(number / BITS) % this.#bits.length;
  }
}
