import { closeSync, fstatSync, openSync, readSync, statSync, type Stats } from "node:fs";
import { DwcpError } from "../../errors.js";
import type { ByteSource } from "../../hde/byte-source.js";

/** A file that is read where it lies, and knows whether it was changed meanwhile. */
export class FileSource implements ByteSource {
  /** In bytes, as it was opened. */
  readonly length: number;
  readonly #fd: number;
  readonly #opened: Stats;
  /** Where it lies. */
  readonly path: string;

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

  /** Closes the file. */
  close(): void {
    closeSync(this.#fd);
  }

  #changed(): DwcpError {
    return new DwcpError("dwcp.source_changed", `${this.path} was changed while it was sent`);
  }
}
