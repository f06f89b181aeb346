import { kindIdsOf, matchesKind } from "../schema/kind-id.js";
import type { RegisteredSchema, SchemaRegistry } from "../schema/schema-registry.js";

/** A kind's major with the minors that a peer takes or gives, as HELLO lists it. spec/xcp.md §6 */
export interface KindRange {
  /** fnv1a32 of the kind. */
  readonly kindId: number;
  /** Major version. */
  readonly major: number;
  /** Smallest minor. */
  readonly minMinor: number;
  /** Largest minor. */
  readonly maxMinor: number;
}

/** Finds the range for a kind's major; an empty list means every kind, and gives every minor. spec/xcp.md §6 */
export function rangeFor(
  ranges: readonly KindRange[],
  kind: string,
  major: number,
): KindRange | undefined {
  if (ranges.length === 0) return { kindId: 0, major, minMinor: 0, maxMinor: 0xffff };
  return ranges.find((range) => range.major === major && matchesKind(range.kindId, kind));
}

/** Tells whether a peer's list covers a kind by its number, aliases included. spec/xcp.md §6 */
export function rangeForId(
  ranges: readonly KindRange[],
  kindId: number,
  major: number,
): KindRange | undefined {
  if (ranges.length === 0) return { kindId, major, minMinor: 0, maxMinor: 0xffff };
  return ranges.find(
    (range) =>
      range.major === major && kindIdsOf(range.kindId).some((id) => kindIdsOf(kindId).includes(id)),
  );
}

/**
 * Picks the highest registered minor of a kind's major inside both lists; `undefined` when there is none.
 *
 * @see spec/xcp.md §6
 */
export function agreeMinor(
  schemas: SchemaRegistry,
  kind: { readonly namespace?: string; readonly kind: string; readonly major: number },
  emits: readonly KindRange[],
  accepts: readonly KindRange[],
): RegisteredSchema | undefined {
  const ours = rangeFor(emits, kind.kind, kind.major);
  const theirs = rangeFor(accepts, kind.kind, kind.major);
  if (ours === undefined || theirs === undefined) return undefined;
  const low = Math.max(ours.minMinor, theirs.minMinor);
  const high = Math.min(ours.maxMinor, theirs.maxMinor);
  return schemas
    .versions(kind.kind, kind.major, kind.namespace)
    .findLast(({ minor }) => minor >= low && minor <= high);
}
