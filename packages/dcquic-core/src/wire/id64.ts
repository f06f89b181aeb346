const WORD = 2 ** 32;

/**
 * A 64-bit id as two unsigned words, which JavaScript handles ten times faster than a bigint.
 *
 * Mutable, so that one object can stand for the id of every packet in turn. spec/dcquic.md §6.1
 */
export interface Id64 {
  /** Bits 63–32. */
  hi: number;
  /** Bits 31–0. */
  lo: number;
}

// Not a literal: where V8 has seen many of one live long, it makes all of them, and what they are part of, old from the start.
class Words implements Id64 {
  hi: number;
  lo: number;

  constructor(hi: number, lo: number) {
    this.hi = hi >>> 0;
    this.lo = lo >>> 0;
  }
}

/** Makes an id of two words. */
export function id64(hi = 0, lo = 0): Id64 {
  return new Words(hi, lo);
}

/** Overwrites `into` with `from`. */
export function copyId(into: Id64, from: Id64): void {
  into.hi = from.hi;
  into.lo = from.lo;
}

/** Compares two ids. */
export function sameId(a: Id64, b: Id64): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

/** Tells whether the id is 0, which frames use for "none". */
export function isZeroId(id: Id64): boolean {
  return id.lo === 0 && id.hi === 0;
}

/** Formats an id as 16 hex digits, for events and messages. */
export function formatId(id: Id64): string {
  return id.hi.toString(16).padStart(8, "0") + id.lo.toString(16).padStart(8, "0");
}

/** Splits a counter below 2^53 into an id's words. */
export function setCounter(into: Id64, value: number): void {
  into.hi = highWord(value);
  into.lo = value >>> 0;
}

/** Bits 52–32 of a counter below 2^53; `>>> 0` gives the others. */
export function highWord(value: number): number {
  return Math.floor(value / WORD);
}
