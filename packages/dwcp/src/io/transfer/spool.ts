import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DwcpError } from "../../errors.js";
import type { ByteSource } from "../../hde/byte-source.js";

const writeAt = promisify(write);

/** What hears of a spool's growth. */
export interface SpoolListener {
  /** So many bytes lie there now. */
  readonly grown: (length: number) => void;
  /** That was all. */
  readonly ended: () => void;
  /** The stream broke. */
  readonly failed: (error: DwcpError) => void;
}

/**
 * Gathers a stream in a file of its own, so that what was lost on the way can be read again. The file goes when it is closed.
 *
 * ```
 * idle ─subscribe─▶ filling ─end of stream─▶ whole          filling ─the stream or the disk fails─▶ failed
 * ```
 */
export class Spool implements ByteSource {
  /** Where the bytes lie. */
  readonly path: string;
  readonly #folder: string;
  readonly #file: number;
  readonly #stream: AsyncIterable<Uint8Array>;
  readonly #listeners = new Set<SpoolListener>();
  #length = 0;
  #outcome: "whole" | DwcpError | undefined;
  #isFilling = false;
  #isClosed = false;

  /** Nothing is read before somebody subscribes. `folder` is where large things may lie; the system's own when absent. */
  constructor(stream: AsyncIterable<Uint8Array>, folder: string = tmpdir()) {
    this.#stream = stream;
    this.#folder = mkdtempSync(join(folder, "dwcp-spool-"));
    this.path = join(this.#folder, "stream");
    this.#file = openSync(this.path, "wx+", 0o600);
  }

  /** Bytes that lie there. */
  get length(): number {
    return this.#length;
  }

  /** Tells `listener` what is there and what comes, until the function that it returns is called. */
  subscribe(listener: SpoolListener): () => void {
    // Nobody hears anything before it knows whom to thank.
    queueMicrotask(() => {
      if (this.#isClosed) return;
      this.#listeners.add(listener);
      if (this.#length > 0) listener.grown(this.#length);
      if (this.#outcome !== undefined) this.#conclude(listener, this.#outcome);
      if (!this.#isFilling) void this.#fill();
    });
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the stream has ended. @throws DwcpError `dwcp.source_changed` when it broke. */
  whole(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.subscribe({ grown: () => undefined, ended: resolve, failed: reject });
    });
  }

  /** Reads what lies there, into a fresh buffer. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = readSync(this.#file, bytes, at, length - at, offset + at);
      if (count === 0) {
        throw new DwcpError("dwcp.source_changed", `the spool ends at ${offset + at}`);
      }
      at += count;
    }
    return bytes;
  }

  /** Stops reading and removes the file. Harmless the second time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners.clear();
    // A write that is under way has the file until it is done.
    if (!this.#isFilling || this.#outcome !== undefined) closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #fill(): Promise<void> {
    this.#isFilling = true;
    let outcome: "whole" | DwcpError = "whole";
    try {
      for await (const bytes of this.#stream) {
        await this.#append(bytes);
        if (this.#isClosed) break;
        for (const { grown } of this.#listeners) grown(this.#length);
      }
    } catch (cause) {
      outcome = new DwcpError("dwcp.source_changed", "the stream broke", { cause });
    }
    this.#outcome = outcome;
    if (this.#isClosed) closeSync(this.#file);
    for (const listener of this.#listeners) this.#conclude(listener, outcome);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isClosed;) {
      const rest = bytes.length - at;
      const { bytesWritten } = await writeAt(this.#file, bytes, at, rest, this.#length);
      at += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  #conclude({ ended, failed }: SpoolListener, outcome: "whole" | DwcpError): void {
    if (outcome === "whole") ended();
    else failed(outcome);
  }
}
