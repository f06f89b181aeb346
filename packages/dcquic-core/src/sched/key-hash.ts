import type { RandomSource } from "@proj/wire-types";

const BYTES_PER_KEY = 8;
const VALUES_PER_BYTE = 256;
const BYTES_PER_WORD = 4;

/**
 * Hashes 64-bit keys to 32 bits by a table of random words for each of their bytes (simple tabulation). Peers choose stream ids
 * and numbers of announcements: who does not know the tables cannot choose ones that collide, and linear probing over this hash
 * takes a constant number of steps whatever the keys are.
 *
 * One for each engine, and one for the streams on it, which may be on another thread: the tables take 8 KiB.
 *
 * @see docs/decisions/0186-keys-that-peers-choose.md
 */
export class KeyHash {
  readonly #tables: Uint32Array;

  /** Fills its tables from `random`. */
  constructor(random: RandomSource) {
    const words = BYTES_PER_KEY * VALUES_PER_BYTE;
    const bytes = random.fill(new Uint8Array(words * BYTES_PER_WORD));
    this.#tables = new Uint32Array(bytes.buffer, bytes.byteOffset, words);
  }

  /** The hash of a key's two words; all of its 32 bits are equally good. */
  of(hi: number, lo: number): number {
    const tables = this.#tables;
    const low =
      (tables[lo & 0xff] ?? 0) ^
      (tables[0x100 | ((lo >>> 8) & 0xff)] ?? 0) ^
      (tables[0x200 | ((lo >>> 16) & 0xff)] ?? 0) ^
      (tables[0x300 | (lo >>> 24)] ?? 0);
    // Most numbers of announcements are small.
    if (hi === 0) return low >>> 0;
    const high =
      (tables[0x400 | (hi & 0xff)] ?? 0) ^
      (tables[0x500 | ((hi >>> 8) & 0xff)] ?? 0) ^
      (tables[0x600 | ((hi >>> 16) & 0xff)] ?? 0) ^
      (tables[0x700 | (hi >>> 24)] ?? 0);
    return (low ^ high) >>> 0;
  }
}
