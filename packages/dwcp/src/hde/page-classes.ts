import type { ByteSource } from "./byte-source.js";
import type { HdePlatform } from "./hde-platform.js";
import { PageKind } from "./page-ops.js";

// Pieces are compared whole before their pages are: one call for what did not change.
const PIECE_PAGES = 16;

/** An unchanged or zero stretch of so many pages becomes a unit of its own. */
export const MIN_RUN_PAGES = 64;

/** Counts the pages from `start` on that are of one kind; those from `limit` on are not looked at. */
export function runLength(kinds: Uint8Array, start: number, limit: number): number {
  const kind = kinds[start];
  const end = Math.min(kinds.length, limit);
  let page = start;
  while (page < end && kinds[page] === kind) page++;
  return page - start;
}

/**
 * Tells for every page of `raw` whether the baseline has it at the same place (SAME), it is all zero, or neither (LITERAL).
 *
 * A page that is both is SAME only where no baseline is needed to know better: ZERO comes first.
 *
 * @see spec/dwcp.md B10
 */
export function classifyPages(
  raw: Uint8Array,
  rawOffset: number,
  pageBytes: number,
  baseline: ByteSource | undefined,
  platform: Pick<HdePlatform, "equal">,
): Uint8Array {
  const kinds = new Uint8Array(Math.ceil(raw.length / pageBytes)).fill(PageKind.LITERAL);
  const zeros = new Uint8Array(PIECE_PAGES * pageBytes);
  const there = baseline === undefined ? 0 : Math.max(0, baseline.length - rawOffset);
  for (let page = 0; page < kinds.length; page += PIECE_PAGES) {
    const start = page * pageBytes;
    const piece = raw.subarray(start, Math.min(raw.length, start + zeros.length));
    const old =
      baseline === undefined || there <= start
        ? undefined
        : baseline.read(rawOffset + start, Math.min(piece.length, there - start));
    const isZero = piece[0] === 0 && platform.equal(piece, zeros.subarray(0, piece.length));
    if (isZero || (old?.length === piece.length && platform.equal(piece, old))) {
      kinds.fill(isZero ? PageKind.ZERO : PageKind.SAME, page, page + PIECE_PAGES);
      continue;
    }
    for (let at = 0; at < piece.length; at += pageBytes) {
      if (piece[at] !== 0 && piece[at] !== old?.[at]) continue;
      const one = piece.subarray(at, at + pageBytes);
      if (one[0] === 0 && platform.equal(one, zeros.subarray(0, one.length))) {
        kinds[page + at / pageBytes] = PageKind.ZERO;
      } else if (
        old !== undefined &&
        old.length >= at + one.length &&
        one[0] === old[at] &&
        platform.equal(one, old.subarray(at, at + one.length))
      ) {
        kinds[page + at / pageBytes] = PageKind.SAME;
      }
    }
  }
  return kinds;
}
