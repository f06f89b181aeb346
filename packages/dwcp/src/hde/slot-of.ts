// Spreads the hash over the table; the top bits of an anchor's hash are all 0.
const SPREAD = 0x9e3779b1;

/** Gives by how much spread hashes are shifted for a table of a power of two of slots. */
export function shiftOf(slots: Uint32Array): number {
  return 32 - Math.log2(slots.length);
}

/** Gives the slot of an anchor's hash. */
export function placeOf(hash: number, shift: number): number {
  return Math.imul(hash, SPREAD) >>> shift;
}
