/**
 * Zero, for a field that is to hold a time or a sum later on.
 *
 * V8 keeps a field that was only ever given small integers as such. The first time or fraction in it, or a sum that passes
 * 2^31 after two gigabytes, gives the object another shape, and all code that was compiled for the one before is compiled
 * anew, which takes seconds of a processor. Minus zero is no integer to V8, and everything else takes it for zero.
 */
export const WIDE_ZERO: number = -0;
