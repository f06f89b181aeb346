import type { AnchorIndex } from "./anchor-index.js";
import type { ByteSource } from "./byte-source.js";
import type { CopyOp } from "./copy-ops.js";
import type { AnchorScan } from "./gear.js";
import { CopyBuilder } from "./matching.js";

/** An index of a part of what copies may come from. */
export interface PlacedIndex {
  readonly index: AnchorIndex;
  /** Where that part begins, in bytes. */
  readonly start: number;
}

/**
 * Finds copies through the anchors of `raw`: the way that an index which is there anyway offers.
 *
 * @param indexes Of parts of `source`; the first that finds something decides.
 * @see spec/dwcp.md B10
 */
export function matchAnchors(
  raw: Uint8Array,
  rawOffset: number,
  source: ByteSource,
  indexes: readonly PlacedIndex[],
  scan: AnchorScan,
): readonly CopyOp[] {
  const builder = new CopyBuilder(raw, source, rawOffset);
  builder.tryDiagonal(0);
  for (let at = 0; at < scan.count; at++) {
    // The byte before the position is the anchor's last.
    const last = (scan.positions[at] ?? 0) - 1;
    if (last < builder.done) continue;
    if (builder.tryDiagonal(last)) continue;
    for (const { index, start } of indexes) {
      const found = index.find(scan.hashes[at] ?? 0);
      if (found > 0 && builder.tryCopy(last, start + found - 1)) break;
    }
  }
  return builder.finish();
}
