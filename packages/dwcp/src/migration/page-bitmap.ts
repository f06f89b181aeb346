import { DwcpError } from "../errors.js";

/** Counts the pages that are set. @throws DwcpError `dwcp.limit` for a bitmap of another number of pages */
export function countPages(bitmap: Uint8Array, pageCount: number): number {
  let count = 0;
  for (const _ of pagesOf(bitmap, pageCount)) count++;
  return count;
}

/** Lists the pages that are set, in order. @throws DwcpError `dwcp.limit` for a bitmap of another number of pages */
export function* pagesOf(
  bitmap: Uint8Array,
  pageCount: number,
): Generator<number, void, undefined> {
  const bytes = Math.ceil(pageCount / 8);
  if (bitmap.length !== bytes) {
    throw new DwcpError(
      "dwcp.limit",
      `a bitmap of ${bitmap.length} bytes, ${bytes} for ${pageCount} pages`,
    );
  }
  for (let at = 0; at < bytes; at++) {
    const byte = bitmap[at] ?? 0;
    if (byte === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      const page = at * 8 + bit;
      if ((byte & (1 << bit)) !== 0 && page < pageCount) yield page;
    }
  }
}

/** Makes a bitmap in which every page is set. */
export function allPages(pageCount: number): Uint8Array {
  return new Uint8Array(Math.ceil(pageCount / 8)).fill(0xff);
}

/** Sets one page. */
export function setPage(bitmap: Uint8Array, page: number): void {
  bitmap[page >> 3] = (bitmap[page >> 3] ?? 0) | (1 << (page & 7));
}

/** Gathers pages into lists of at most `most`, for reads of one size. */
export function* batchesOf(
  pages: Iterable<number>,
  most: number,
): Generator<readonly number[], void, undefined> {
  let batch: number[] = [];
  for (const page of pages) {
    batch.push(page);
    if (batch.length < most) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Gathers pages, which are in order, into runs that lie one behind the other. */
export function* runsOf(
  pages: readonly number[],
): Generator<{ readonly first: number; readonly count: number }, void, undefined> {
  let first = pages[0];
  if (first === undefined) return;
  let count = 0;
  for (const page of pages) {
    if (page === first + count) {
      count += 1;
      continue;
    }
    yield { first, count };
    first = page;
    count = 1;
  }
  yield { first, count };
}
