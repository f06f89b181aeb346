import { fnv1a32 } from "./fnv1a.js";

/** The four kind numbers that were published and are no hashes; never sent, understood as the kinds. spec/xcp.md §2 */
const publishedKindIds: ReadonlyMap<number, string> = new Map([
  [0x6ea7e21b, "text"],
  [0x8b4e3a2c, "tokens"],
  [0x9c5f4b3d, "embedding"],
  [0xad6f5c4e, "image"],
]);

/** Lists the hashes that a received kindId may stand for: itself, then the kind it is a published alias of. spec/xcp.md §2 */
export function kindIdsOf(kindId: number): readonly number[] {
  const kind = publishedKindIds.get(kindId);
  return kind === undefined ? [kindId] : [kindId, fnv1a32(kind)];
}

/** Tells whether a received kindId names `kind`. spec/xcp.md §13 */
export function matchesKind(kindId: number, kind: string): boolean {
  return kindIdsOf(kindId).includes(fnv1a32(kind));
}

/** Tells whether two received kindIds name one kind. spec/xcp.md §2 */
export function sameKind(a: number, b: number): boolean {
  return a === b || kindIdsOf(a).at(-1) === kindIdsOf(b).at(-1);
}
