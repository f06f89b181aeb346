import type { AnchorIndex } from "./anchor-index.js";
import type { ByteSource } from "./byte-source.js";
import type { HdePlatform } from "./hde-platform.js";
import { classifyPages } from "./page-classes.js";
import { PageKind } from "./page-ops.js";

const STEP_BYTES = 1_048_576;
const PAGE_BYTES = 4_096;

/** A part of an object. */
export interface Stretch {
  /** Its first byte. */
  readonly from: number;
  /** The byte behind its last. */
  readonly to: number;
}

/**
 * Adds the anchors of a stretch of `object` to an index, without those of pages that are zero or that `baseline` has at the same
 * place: these are found by their place, or in the baseline.
 *
 * @see spec/dwcp.md B10
 */
export function indexChanges(
  index: AnchorIndex,
  object: ByteSource,
  { from, to }: Stretch,
  baseline: ByteSource | undefined,
  platform: Pick<HdePlatform, "equal">,
): void {
  for (let start = from; start < to; start += STEP_BYTES) {
    const raw = object.read(start, Math.min(STEP_BYTES, to - start));
    const kinds = classifyPages(raw, start, PAGE_BYTES, baseline, platform);
    let page = 0;
    while (page < kinds.length) {
      const first = page;
      const kind = kinds[page];
      while (page < kinds.length && kinds[page] === kind) page++;
      if (kind !== PageKind.LITERAL) continue;
      const end = Math.min(raw.length, page * PAGE_BYTES);
      index.add(object, start + first * PAGE_BYTES, start + end);
    }
  }
}
