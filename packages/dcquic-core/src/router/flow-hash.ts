const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Hashes a peer's identity to 32 bits (FNV-1a with a final mix); another seed gives an independent hash.
 *
 * @see spec/dcquic.md §18
 */
export function flowHash(identity: string, seed: number): number {
  let hash = (OFFSET_BASIS ^ seed) >>> 0;
  for (let i = 0; i < identity.length; i++) {
    hash = Math.imul(hash ^ (identity.charCodeAt(i) & 0xff), PRIME);
    hash = Math.imul(hash ^ (identity.charCodeAt(i) >>> 8), PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
