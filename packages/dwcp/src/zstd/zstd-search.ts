/** How matches are looked for, in the numbers of zstd; what is absent is as the level has it. */
export interface ZstdSearch {
  /** `ZSTD_c_strategy`. */
  readonly strategy?: number;
  /** Places of the first table, as a power of two. */
  readonly hashLog?: number;
  /** Places of the second table, as a power of two. */
  readonly chainLog?: number;
  /** Matches that are compared at one place, as a power of two. */
  readonly searchLog?: number;
  /** The shortest match that is looked for. */
  readonly minMatchBytes?: number;
  /** Whether tables are kept in rows, where an engine can choose. */
  readonly rows?: "on" | "off";
}

/**
 * How matches are looked for in literals with a prefix, where the level's own way does not fit:
 *
 * - `wide`: in tables that hold more of a prefix;
 * - `single`: in one such table, by the fastest strategy. On the pages of memory it is a third faster than the two of level 3, and
 *   makes frames that are no longer: short matches in pointers cost more than they save;
 * - `deep`: so that each match is weighed against those at the next two places, at a third of the speed.
 */
export type SearchName = "wide" | "single" | "deep";

/** The level whose tables are too small for a prefix. Those of level 4 are not; below 3 speed is what is wanted. */
const NARROW_LEVEL = 3;

// ZSTD_fast.
const SINGLE: ZstdSearch = { strategy: 1, hashLog: 18, minMatchBytes: 5 };
const WIDE: ZstdSearch = { hashLog: 18, chainLog: 17 };

// ZSTD_lazy2, with a second table so small that it stays in the processor's cache: what it forgets was rarely the best match.
const DEEP: ZstdSearch = {
  strategy: 5,
  hashLog: 18,
  chainLog: 15,
  searchLog: 2,
  minMatchBytes: 4,
  rows: "off",
};

/**
 * Gives what a search asks of zstd at a level, or `undefined` where the level has as much.
 *
 * @see spec/dwcp.md B11
 */
export function searchOf(search: SearchName | undefined, level: number): ZstdSearch | undefined {
  if (search === "deep") return DEEP;
  if (search === undefined || level !== NARROW_LEVEL) return undefined;
  return search === "wide" ? WIDE : SINGLE;
}
