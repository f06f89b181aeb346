import type { AnchorIndex } from "./anchor-index.js";
import type { ByteSource } from "./byte-source.js";
import type { CopyOp } from "./copy-ops.js";
import type { AnchorScan } from "./gear.js";
import { CopyBuilder } from "./matching.js";

/** Finds copies through the anchors of `raw`: the way that an index which is there anyway offers. spec/dwcp.md B10 */
export function matchAnchors(
  raw: Uint8Array,
  rawOffset: number,
  baseline: ByteSource,
  index: AnchorIndex,
  scan: AnchorScan,
): readonly CopyOp[] {
  const builder = new CopyBuilder(raw, baseline, rawOffset);
  builder.tryDiagonal(0);
  for (let at = 0; at < scan.count; at++) {
    // The byte before the position is the anchor's last.
    const last = (scan.positions[at] ?? 0) - 1;
    if (last < builder.done) continue;
    if (builder.tryDiagonal(last)) continue;
    const found = index.find(scan.hashes[at] ?? 0);
    if (found > 0) builder.tryCopy(last, found - 1);
  }
  return builder.finish();
}
