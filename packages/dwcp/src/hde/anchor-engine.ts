import type { AnchorScan } from "./anchor-scan.js";
import type { ByteSource } from "./byte-source.js";
import type { CopyOp } from "./copy-ops.js";

/** The most similar pages that one page brings into a prefix. spec/dwcp.md B10 */
export const MAX_SIMILAR_PAGES = 4;

/** A part of what copies may come from. */
export interface AnchoredPart {
  /** Its bytes. */
  readonly source: ByteSource;
  /** The table of its anchors; without one, a copy only comes here by going on. */
  readonly slots: Uint32Array | undefined;
}

/** Pages whose like is looked for. */
export interface PageQuery {
  /** The table of the anchors of what is referred to. */
  readonly slots: Uint32Array;
  /** Bytes of a page. */
  readonly pageBytes: number;
  /** 1 for every page that is asked for, 0 for the others. */
  readonly wanted: Uint8Array;
  /** The page that stands at the same place as the first one, or −1: none is similar to the page at its own place. */
  readonly here: number;
}

/**
 * The loops over every byte that references take. {@link portableAnchors} runs everywhere; whatever another one does, it gives
 * the same answers.
 *
 * @see spec/dwcp.md B10, B11
 */
export interface AnchorEngine {
  /** Finds the anchors of `bytes`, in place of those that `into` had. */
  scan(bytes: Uint8Array, into: AnchorScan): void;
  /** Puts the anchors of `bytes`, which stand at `offset`, into a table, without those that end before byte `least` of them. */
  index(bytes: Uint8Array, offset: number, least: number, slots: Uint32Array): void;
  /**
   * Finds the pages that have the most anchors in common with each page: rows of {@link MAX_SIMILAR_PAGES} page numbers, the most
   * similar first, then −1. Rows of pages that are not wanted hold anything.
   *
   * @param scan Of the pages, one behind the other.
   */
  similar(scan: AnchorScan, query: PageQuery): Int32Array;
  /**
   * Finds copies that make `raw`, whose anchors are in `scan`.
   *
   * @param parts One or two, one behind the other; the first that finds something decides.
   */
  match(
    raw: Uint8Array,
    rawOffset: number,
    parts: readonly [AnchoredPart, (AnchoredPart | undefined)?],
    scan: AnchorScan,
  ): readonly CopyOp[];
}
