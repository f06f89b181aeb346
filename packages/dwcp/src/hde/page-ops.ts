import { DwcpError } from "../errors.js";
import { NetworkReader } from "../wire/network-reader.js";
import { NetworkWriter } from "../wire/network-writer.js";

/** What a run of pages is. spec/dwcp.md B5 */
export const PageKind = {
  /** Equal to the baseline at the same offset. */
  SAME: 0,
  /** All zero. */
  ZERO: 1,
  /** Equal to another page of the baseline. */
  COPY: 2,
  /** In the unit. */
  LITERAL: 3,
} as const;

/** The number of a {@link PageKind}. */
export type PageKindNumber = (typeof PageKind)[keyof typeof PageKind];

/** A run of pages of one kind. */
export interface PageRun {
  readonly kind: PageKindNumber;
  /** At least 1. */
  readonly pages: number;
  /** Number of the first page in the baseline, for COPY; 0 otherwise. */
  readonly source: number;
}

/** Writes runs: `pages × 4 + kind`, and for COPY the distance of its source from the page after the last COPY's. */
export function writePageRuns(runs: readonly PageRun[], firstPage: number): Uint8Array {
  const writer = new NetworkWriter();
  let expected = firstPage;
  for (const { kind, pages, source } of runs) {
    writer.varint(pages * 4 + kind);
    if (kind === PageKind.COPY) {
      writer.signedVarint(source - expected);
      expected = source + pages;
    }
  }
  return writer.view();
}

/**
 * Reads runs that cover exactly `pages` pages.
 *
 * @throws {@link DwcpError} `dwcp.decode`, `dwcp.protocol`.
 */
export function readPageRuns(
  bytes: Uint8Array,
  pages: number,
  firstPage: number,
): readonly PageRun[] {
  const reader = new NetworkReader(bytes);
  const runs: PageRun[] = [];
  let expected = firstPage;
  let left = pages;
  while (reader.remaining > 0) {
    const head = reader.varint();
    const kind = (head % 4) as PageKindNumber;
    const count = Math.floor(head / 4);
    if (count === 0 || count > left) {
      throw new DwcpError("dwcp.decode", `a run of ${count} pages where ${left} are left`);
    }
    left -= count;
    let source = 0;
    if (kind === PageKind.COPY) {
      source = expected + reader.signedVarint();
      if (source < 0) throw new DwcpError("dwcp.decode", `a copy of page ${source}`);
      expected = source + count;
    }
    runs.push({ kind, pages: count, source });
  }
  if (left > 0) throw new DwcpError("dwcp.decode", `${left} pages that no run covers`);
  return runs;
}
