import { createHash } from "node:crypto";
import { allPages, batchesOf, pagesOf, runsOf, setPage } from "../../migration/page-bitmap.js";

/** Pages that can be read, and are written to by somebody who tells nobody. */
export interface PageReader {
  readonly pageCount: number;
  /** Of each page. */
  readonly pageBytes: number;
  /** Fills `into`, whole pages long, with what stands from `firstPage` on. */
  read(into: Uint8Array, firstPage: number): Promise<void>;
}

const BATCH_BYTES = 1_048_576;
const DIGEST_BYTES = 32;

/**
 * Finds pages that were written by comparing SHA-256 of each with what it was when it was read last. 32 bytes are kept for each
 * page.
 *
 * @see spec/dwcp.md B15
 */
export class PageComparison {
  readonly #reader: PageReader;
  readonly #digests: Uint8Array;

  constructor(reader: PageReader) {
    this.#reader = reader;
    this.#digests = new Uint8Array(reader.pageCount * DIGEST_BYTES);
  }

  /** Reads pages, one behind the other, and notes what they hold. */
  async readPages(pages: readonly number[]): Promise<Uint8Array> {
    const { pageBytes } = this.#reader;
    const bytes = new Uint8Array(pages.length * pageBytes);
    let at = 0;
    for (const { first, count } of runsOf(pages)) {
      const run = bytes.subarray(at, at + count * pageBytes);
      await this.#reader.read(run, first);
      for (let i = 0; i < count; i++) this.#digests.set(this.#digestOf(run, i), place(first + i));
      at += run.length;
    }
    return bytes;
  }

  /** Reads every page, and tells those that differ from what was noted of them: bit `p % 8` of byte `p / 8`. */
  async changedPages(): Promise<Uint8Array> {
    const { pageBytes, pageCount } = this.#reader;
    const changed = new Uint8Array(Math.ceil(pageCount / 8));
    const bytes = new Uint8Array(Math.max(pageBytes, BATCH_BYTES));
    const every = pagesOf(allPages(pageCount), pageCount);
    for (const pages of batchesOf(every, bytes.length / pageBytes)) {
      const first = pages[0] ?? 0;
      const batch = bytes.subarray(0, pages.length * pageBytes);
      await this.#reader.read(batch, first);
      for (const page of pages) {
        const known = this.#digests.subarray(place(page), place(page + 1));
        if (!this.#digestOf(batch, page - first).equals(known)) setPage(changed, page);
      }
    }
    return changed;
  }

  #digestOf(bytes: Uint8Array, index: number): Buffer {
    const { pageBytes } = this.#reader;
    const page = bytes.subarray(index * pageBytes, (index + 1) * pageBytes);
    return createHash("sha256").update(page).digest();
  }
}

function place(page: number): number {
  return page * DIGEST_BYTES;
}
