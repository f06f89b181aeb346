import { closeSync, fstatSync, openSync, read, readSync, statSync, type Stats } from "node:fs";
import { promisify } from "node:util";
import { DwcpError } from "../../errors.js";
import type { ByteSource } from "../../hde/byte-source.js";

const readAt = promisify(read);

/** A file that is read where it lies, and knows whether it was changed meanwhile. */
export class FileSource implements ByteSource {
  /** In bytes, as it was opened. */
  readonly length: number;
  readonly #fd: number;
  readonly #opened: Stats;
  /** Where it lies. */
  readonly path: string;
  #reads = 0;
  #isClosed = false;

  /** Opens `path` for reading; the caller closes it. */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "r");
    this.#opened = fstatSync(this.#fd);
    if (!this.#opened.isFile()) {
      closeSync(this.#fd);
      throw new DwcpError("dwcp.unsupported", `${path} is no file`);
    }
    this.length = this.#opened.size;
  }

  /**
   * Reads into a fresh buffer.
   *
   * @throws DwcpError `dwcp.source_changed` when the file became shorter.
   */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = readSync(this.#fd, bytes, at, length - at, offset + at);
      if (count === 0) throw this.#changed();
      at += count;
    }
    return bytes;
  }

  /**
   * Fills `into` from `offset` on, in a thread of the system.
   *
   * @throws DwcpError `dwcp.source_changed` when the file became shorter; `dwcp.shutdown` after {@link FileSource.close}.
   */
  async fill(offset: number, into: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new DwcpError("dwcp.shutdown", `${this.path} was closed`);
    this.#reads += 1;
    try {
      for (let at = 0; at < into.length;) {
        const { bytesRead } = await readAt(this.#fd, into, at, into.length - at, offset + at);
        if (bytesRead === 0) throw this.#changed();
        at += bytesRead;
      }
    } finally {
      this.#reads -= 1;
      if (this.#isClosed && this.#reads === 0) closeSync(this.#fd);
    }
  }

  /**
   * Checks that the file is still what it was when it was opened. spec/dwcp.md B8
   *
   * @throws DwcpError `dwcp.source_changed`.
   */
  check(): void {
    // Other threads open the file by its name.
    for (const now of [fstatSync(this.#fd), statSync(this.path, { throwIfNoEntry: false })]) {
      const { size, mtimeMs, ino } = this.#opened;
      if (now?.size !== size || now.mtimeMs !== mtimeMs || now.ino !== ino) throw this.#changed();
    }
  }

  /** Closes the file, once nothing reads it. */
  close(): void {
    this.#isClosed = true;
    // Its number may soon be another file's.
    if (this.#reads === 0) closeSync(this.#fd);
  }

  #changed(): DwcpError {
    return new DwcpError("dwcp.source_changed", `${this.path} was changed while it was sent`);
  }
}
