import type { ZstdSearch } from "@proj/native-io";
import type { SearchName } from "../../zstd/zstd-engine.js";

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
