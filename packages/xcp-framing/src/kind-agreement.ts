import { holdsMinor, type KindRange, minorsOf, type SchemaKey } from "@proj/wire-types";

/** Whether `ranges` cover this kind and version; an empty list covers every kind. spec/xcp.md §6 */
export function coversKind(ranges: readonly KindRange[], key: SchemaKey | undefined): boolean {
  if (key === undefined || key.kindId === 0) return true;
  return holdsMinor(minorsOf(ranges, key.kindId, key.major), key.minor);
}

/**
 * Picks the highest minor of (kind, major) that this side emits and the peer accepts.
 *
 * `undefined` when there is none: the message needs an adapter, or must not be sent. Where both lists are empty every
 * minor will do and `wanted` is returned.
 *
 * @see spec/xcp.md §6
 */
export function agreeMinor(
  emits: readonly KindRange[],
  accepts: readonly KindRange[],
  kind: { readonly kindId: number; readonly major: number; readonly wanted: number },
): number | undefined {
  const own = minorsOf(emits, kind.kindId, kind.major);
  const peer = minorsOf(accepts, kind.kindId, kind.major);
  let best: number | undefined;
  for (const mine of own) {
    for (const theirs of peer) {
      const top = Math.min(mine.maxMinor, theirs.maxMinor);
      if (top < Math.max(mine.minMinor, theirs.minMinor)) continue;
      const minor = top === Number.POSITIVE_INFINITY ? kind.wanted : top;
      if (best === undefined || minor > best) best = minor;
    }
  }
  return best;
}
