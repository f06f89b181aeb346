import type { SchemaKey } from "@proj/wire-types";
import type { KindRange } from "./wire/hello.js";

/** Whether `ranges` cover this kind and version; an empty list covers every kind. spec/xcp.md §6 */
export function coversKind(ranges: readonly KindRange[], key: SchemaKey | undefined): boolean {
  if (ranges.length === 0 || key === undefined || key.kindId === 0) return true;
  return ranges.some(
    (range) =>
      range.kindId === key.kindId &&
      range.major === key.major &&
      key.minor >= range.minMinor &&
      key.minor <= range.maxMinor,
  );
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
  const own = rangesOf(emits, kind.kindId, kind.major);
  const peer = rangesOf(accepts, kind.kindId, kind.major);
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

const EVERY_MINOR = { minMinor: 0, maxMinor: Number.POSITIVE_INFINITY };

function rangesOf(
  ranges: readonly KindRange[],
  kindId: number,
  major: number,
): readonly { readonly minMinor: number; readonly maxMinor: number }[] {
  if (ranges.length === 0) return [EVERY_MINOR];
  return ranges.filter((range) => range.kindId === kindId && range.major === major);
}
