import { type FileHandle, open } from "node:fs/promises";
import { DwcpError } from "../../errors.js";
import type { MigrationSource } from "../../migration/migration-source.js";
import { PageComparison } from "./page-comparison.js";

/** What stops, wakes and slows down whoever writes to an image. */
export type ImageWriter = Pick<MigrationSource, "pause" | "resume" | "throttle">;

const PAGE_BYTES = 4_096;
/** What an image is a multiple of, at least. */
const SECTOR_BYTES = 512;

/**
 * An image in a file that somebody writes to: the memory or the disk of a machine.
 *
 * Nobody tells which pages were written; every round reads the whole image and compares.
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
  readonly #pages: PageComparison;

  private constructor(file: FileHandle, length: number, writer: ImageWriter) {
    this.pageBytes = length % PAGE_BYTES === 0 ? PAGE_BYTES : SECTOR_BYTES;
    this.pageCount = length / this.pageBytes;
    this.#file = file;
    this.#writer = writer;
    const { pageBytes, pageCount } = this;
    const read = (into: Uint8Array, first: number) => this.#read(into, first * pageBytes);
    this.#pages = new PageComparison({ pageBytes, pageCount, read });
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
  readPages(pages: readonly number[]): Promise<Uint8Array> {
    return this.#pages.readPages(pages);
  }

  /** Compares every page with what was copied of it last. */
  dirtySince(): Promise<Uint8Array> {
    return this.#pages.changedPages();
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

  async #read(into: Uint8Array, position: number): Promise<void> {
    const { bytesRead } = await this.#file.read(into, 0, into.length, position);
    if (bytesRead < into.length) {
      throw new DwcpError("dwcp.source_changed", `the image ends at ${position + bytesRead}`);
    }
  }
}
