import type { AnchoredPart } from "./anchor-engine.js";
import type { AnchorScan } from "./anchor-scan.js";
import type { CopyOp } from "./copy-ops.js";
import { jointSource } from "./joint-source.js";
import { CopyBuilder } from "./matching.js";
import { placeOf, shiftOf } from "./slot-of.js";

/**
 * Finds copies through the anchors of `raw`: the way that an index which is there anyway offers.
 *
 * @param parts One or two, one behind the other; the first that finds something decides.
 * @see spec/dwcp.md B10
 */
export function matchAnchors(
  raw: Uint8Array,
  rawOffset: number,
  parts: readonly [AnchoredPart, (AnchoredPart | undefined)?],
  scan: AnchorScan,
): readonly CopyOp[] {
  const [first, second] = parts;
  const source = second === undefined ? first.source : jointSource(first.source, second.source);
  const tables = [tableOf(first, 0), ...(second ? [tableOf(second, first.source.length)] : [])];
  const builder = new CopyBuilder(raw, source, rawOffset);
  builder.tryDiagonal(0);
  for (let at = 0; at < scan.count; at++) {
    // The byte before the position is the anchor's last.
    const last = (scan.positions[at] ?? 0) - 1;
    if (last < builder.done) continue;
    if (builder.tryDiagonal(last)) continue;
    const hash = scan.hashes[at] ?? 0;
    for (const { slots, shift, start } of tables) {
      const found = slots?.[placeOf(hash, shift)] ?? 0;
      if (found > 0 && builder.tryCopy(last, start + found - 1)) break;
    }
  }
  return builder.finish();
}

interface PlacedTable {
  readonly slots: Uint32Array | undefined;
  readonly shift: number;
  /** Where the part begins. */
  readonly start: number;
}

function tableOf({ slots }: AnchoredPart, start: number): PlacedTable {
  return { slots, shift: slots === undefined ? 0 : shiftOf(slots), start };
}
