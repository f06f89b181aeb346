import { copyFile, type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { constants } from "node:fs";
import { join } from "node:path";
import { DwcpError } from "../../errors.js";
import { batchesOf, pagesOf, runsOf } from "../../migration/page-bitmap.js";
import type { MigrationSource } from "../../migration/migration-source.js";

/** Pages that are read at a time. */
const BATCH_BYTES = 1_048_576;

/**
 * What the rounds of a migration send: copies of the source that nobody changes while they are sent.
 *
 * There are two files. The newer one is what the receiver has, and what the next round is sent against; the older one is brought
 * up to the next state: with the pages of the round before, out of the newer one, and with those that are dirty now.
 *
 * @see spec/dwcp.md B15
 */
export class RoundCopies {
  readonly #folder: string;
  readonly #source: MigrationSource;
  // The newer one first.
  #paths: readonly [string, string];
  #lastDirty: Uint8Array | undefined;
  #round = 0;

  private constructor(folder: string, source: MigrationSource) {
    this.#folder = folder;
    this.#source = source;
    this.#paths = [join(folder, "a.img"), join(folder, "b.img")];
  }

  /** Makes room for the copies in a folder of their own beneath `folder`. */
  static async open(folder: string, source: MigrationSource): Promise<RoundCopies> {
    return new RoundCopies(await mkdtemp(join(folder, "dwcp-migration-")), source);
  }

  /** Copies the dirty pages as they are now; gives the file that holds the whole state. The one before stays until the next call. */
  async take(dirty: Uint8Array): Promise<string> {
    const [newer, older] = this.#paths;
    const length = this.#source.pageCount * this.#source.pageBytes;
    // The second file begins as the first one: where the file system can, both share their blocks.
    if (this.#round === 1) await copyFile(newer, older, constants.COPYFILE_FICLONE);
    const into = await open(older, this.#round === 0 ? "w+" : "r+");
    try {
      if (this.#round === 0) await into.truncate(length);
      if (this.#round > 1 && this.#lastDirty !== undefined) {
        await this.#catchUp(newer, into, this.#lastDirty);
      }
      for (const pages of this.#batches(dirty)) {
        await this.#write(into, pages, await this.#source.readPages(pages));
      }
    } finally {
      await into.close();
    }
    this.#lastDirty = dirty;
    this.#paths = [older, newer];
    this.#round += 1;
    return older;
  }

  /** Removes the copies. */
  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #catchUp(newer: string, into: FileHandle, dirty: Uint8Array): Promise<void> {
    const { pageBytes } = this.#source;
    const from = await open(newer, "r");
    try {
      const bytes = new Uint8Array(Math.max(pageBytes, BATCH_BYTES));
      for (const pages of this.#batches(dirty)) {
        for (const { first, count } of runsOf(pages)) {
          const length = count * pageBytes;
          const { bytesRead } = await from.read(bytes, 0, length, first * pageBytes);
          if (bytesRead !== length) {
            throw new DwcpError("dwcp.source_changed", "a copy became shorter");
          }
          await into.write(bytes, 0, length, first * pageBytes);
        }
      }
    } finally {
      await from.close();
    }
  }

  #batches(dirty: Uint8Array): Iterable<readonly number[]> {
    const { pageBytes, pageCount } = this.#source;
    return batchesOf(pagesOf(dirty, pageCount), Math.max(1, Math.floor(BATCH_BYTES / pageBytes)));
  }

  async #write(into: FileHandle, pages: readonly number[], bytes: Uint8Array): Promise<void> {
    const { pageBytes } = this.#source;
    if (bytes.length !== pages.length * pageBytes) {
      throw new DwcpError(
        "dwcp.source_changed",
        `${pages.length} pages came as ${bytes.length} bytes`,
      );
    }
    let done = 0;
    for (const { first, count } of runsOf(pages)) {
      const length = count * pageBytes;
      await into.write(bytes, done, length, first * pageBytes);
      done += length;
    }
  }
}
