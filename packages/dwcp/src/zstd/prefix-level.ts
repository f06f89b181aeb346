// The most of a prefix that the tables of the first levels take in: what lies before that is not found.
const MOST_AT_LEVEL_1 = 131_072;
const MOST_AT_LEVEL_2 = 524_288;

/** Gives the level nearest to `level` at which zstd finds all of a prefix of `prefixBytes`, up to 1 MiB. */
export function levelFor(level: number, prefixBytes: number): number {
  if (prefixBytes <= MOST_AT_LEVEL_1) return level;
  return Math.max(level, prefixBytes <= MOST_AT_LEVEL_2 ? 2 : 3);
}
