import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { DwcpError } from "../../errors.js";
import { batchesOf, setPage } from "../../migration/page-bitmap.js";
import type { MigrationSource } from "../../migration/migration-source.js";

/** What stops, wakes and slows down whoever writes to an image. */
export type ImageWriter = Pick<MigrationSource, "pause" | "resume" | "throttle">;

const PAGE_BYTES = 4_096;
/** What an image is a multiple of, at least. */
const SECTOR_BYTES = 512;
const BATCH_BYTES = 1_048_576;
const DIGEST_BYTES = 32;

/**
 * An image in a file that somebody writes to: the memory or the disk of a machine.
 *
 * Nobody tells which pages were written; every round reads the whole image, and compares SHA-256 of each page with what it was
 * when it was copied. 32 bytes are kept for each page.
 *
 * @see spec/dwcp.md B15
 */
export class ImageFileSource implements MigrationSource {
  /** The length by that of a page. */
  readonly pageCount: number;
  /** 4096, or 512 for an image that is no multiple of that. */
  readonly pageBytes: number;
  readonly #file: FileHandle;
  readonly #writer: ImageWriter;
  readonly #digests: Uint8Array;

  private constructor(file: FileHandle, length: number, writer: ImageWriter) {
    this.pageBytes = length % PAGE_BYTES === 0 ? PAGE_BYTES : SECTOR_BYTES;
    this.pageCount = length / this.pageBytes;
    this.#file = file;
    this.#writer = writer;
    this.#digests = new Uint8Array(this.pageCount * DIGEST_BYTES);
  }

  /** Opens an image; the caller closes it. @throws DwcpError `dwcp.unsupported` where it is no image */
  static async open(path: string, writer: ImageWriter): Promise<ImageFileSource> {
    const file = await open(path, "r");
    const found = await file.stat();
    if (!found.isFile() || found.size % SECTOR_BYTES !== 0) {
      await file.close();
      throw new DwcpError("dwcp.unsupported", `${path} is no file of whole sectors of 512 bytes`);
    }
    return new ImageFileSource(file, found.size, writer);
  }

  /** Reads pages, and notes what they hold. @throws DwcpError `dwcp.source_changed` when the file became shorter */
  async readPages(pages: readonly number[]): Promise<Uint8Array> {
    const bytes = new Uint8Array(pages.length * this.pageBytes);
    for (const [i, page] of pages.entries()) {
      const at = i * this.pageBytes;
      await this.#read(bytes, at, this.pageBytes, page * this.pageBytes);
      this.#digests.set(digestOf(bytes.subarray(at, at + this.pageBytes)), page * DIGEST_BYTES);
    }
    return bytes;
  }

  /** Compares every page with what was copied of it last. */
  async dirtySince(): Promise<Uint8Array> {
    const { pageBytes, pageCount } = this;
    const dirty = new Uint8Array(Math.ceil(pageCount / 8));
    const bytes = new Uint8Array(BATCH_BYTES);
    for (const pages of batchesOf(upTo(pageCount), BATCH_BYTES / pageBytes)) {
      const first = pages[0] ?? 0;
      await this.#read(bytes, 0, pages.length * pageBytes, first * pageBytes);
      for (const page of pages) {
        const at = (page - first) * pageBytes;
        const known = this.#digests.subarray(page * DIGEST_BYTES, (page + 1) * DIGEST_BYTES);
        if (!digestOf(bytes.subarray(at, at + pageBytes)).equals(known)) setPage(dirty, page);
      }
    }
    return dirty;
  }

  /** Stops whoever writes. */
  async pause(): Promise<void> {
    await this.#writer.pause();
  }

  /** Lets it write again. */
  async resume(): Promise<void> {
    await this.#writer.resume();
  }

  /** Slows it down, where that is possible. */
  async throttle(share: number): Promise<void> {
    await this.#writer.throttle?.(share);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #read(into: Uint8Array, at: number, length: number, position: number): Promise<void> {
    const { bytesRead } = await this.#file.read(into, at, length, position);
    if (bytesRead < length) {
      throw new DwcpError("dwcp.source_changed", `the image ends at ${position + bytesRead}`);
    }
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function* upTo(count: number): Generator<number, void, undefined> {
  for (let i = 0; i < count; i++) yield i;
}
