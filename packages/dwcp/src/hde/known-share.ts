import type { AnchoredPart } from "./anchor-engine.js";
import type { AnchorScan } from "./anchor-scan.js";
import type { ByteSource } from "./byte-source.js";
import { ANCHOR_BYTES } from "./gear.js";
import { placeOf, shiftOf } from "./slot-of.js";

// Every so many anchors one is looked up: about one in four kilobytes.
const STEP = 32;

/**
 * Estimates which share of a unit stands anywhere in `parts`: for one anchor in 32, whether the bytes of the anchor stand where
 * a table says, or in the first part at the same place.
 *
 * @param here Where the unit stands in the first part if it has not moved; −1 where places mean nothing.
 * @see spec/dwcp.md B10
 */
export function knownShare(
  raw: Uint8Array,
  scan: AnchorScan,
  parts: readonly AnchoredPart[],
  here: number,
): number {
  let found = 0;
  let looked = 0;
  for (let at = 0; at < scan.count; at += STEP) {
    const end = scan.positions[at] ?? 0;
    if (end < ANCHOR_BYTES) continue;
    looked++;
    const piece = raw.subarray(end - ANCHOR_BYTES, end);
    const hash = scan.hashes[at] ?? 0;
    const stays = here >= 0 && parts[0] !== undefined && stands(piece, parts[0].source, here + end);
    if (stays || parts.some((part) => isIn(part, piece, hash))) found++;
  }
  return looked === 0 ? 0 : found / looked;
}

function isIn({ source, slots }: AnchoredPart, piece: Uint8Array, hash: number): boolean {
  if (slots === undefined) return false;
  return stands(piece, source, slots[placeOf(hash, shiftOf(slots))] ?? 0);
}

// Whether `piece` ends at `end` of the source.
function stands(piece: Uint8Array, source: ByteSource, end: number): boolean {
  const start = end - piece.length;
  if (start < 0 || end > source.length) return false;
  const old = source.read(start, piece.length);
  let same = 0;
  while (same < piece.length && old[same] === piece[same]) same++;
  return same === piece.length;
}
