import { sameKind } from "./kind-id.js";

/** A range of minor versions of one major version of a kind, as HELLO lists it. spec/xcp.md §6 */
export interface KindRange {
  /** fnv1a32 of the kind. */
  readonly kindId: number;
  /** The major version. */
  readonly major: number;
  /** Lowest minor, inclusive. */
  readonly minMinor: number;
  /** Highest minor, inclusive. */
  readonly maxMinor: number;
}

/** Every minor. */
const everyMinor = [{ minMinor: 0, maxMinor: Number.POSITIVE_INFINITY }] as const;

/**
 * Lists the minors of a kind's major that a peer's list covers; an empty list covers every kind and minor.
 *
 * Published aliases count as their kinds.
 *
 * @see spec/xcp.md §2, §6
 */
export function minorsOf(
  ranges: readonly KindRange[],
  kindId: number,
  major: number,
): readonly Pick<KindRange, "minMinor" | "maxMinor">[] {
  if (ranges.length === 0) return everyMinor;
  return ranges.filter((range) => range.major === major && sameKind(range.kindId, kindId));
}

/** Tells whether any of `minors` holds `minor`. */
export function holdsMinor(
  minors: readonly Pick<KindRange, "minMinor" | "maxMinor">[],
  minor: number,
): boolean {
  return minors.some(({ minMinor, maxMinor }) => minor >= minMinor && minor <= maxMinor);
}
