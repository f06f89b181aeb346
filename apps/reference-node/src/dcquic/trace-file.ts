import { otlpTraces, type TraceSpan } from "@proj/dcquic-core";
import { unixEpochUs } from "@proj/dcquic-core/node";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** How a {@link TraceFile} is kept. */
export interface TraceFileOptions {
  /** What the program calls itself in every span. */
  readonly serviceName: string;
  /** Is told of a batch that could not be written. */
  readonly failed: (error: unknown) => void;
  /** Bytes after which the file becomes the older one, `<path>.1`, and another begins; 64 MiB if absent. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
// Batches that a slow disk may be behind: some MiB.
const MAX_WAITING = 16;

/** Spans in a file, a line of OTLP/JSON for every batch, as OpenTelemetry's collector reads it with `otlpjsonfile`. */
export class TraceFile {
  readonly #path: string;
  readonly #options: TraceFileOptions;
  readonly #waiting: (readonly TraceSpan[])[] = [];
  #handle: FileHandle;
  #bytes: number;
  #writing: Promise<void> | undefined;

  private constructor(path: string, options: TraceFileOptions, handle: FileHandle, bytes: number) {
    this.#path = path;
    this.#options = options;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Goes on with a file, or begins one that only its owner can read. @throws what the file system says */
  static async open(path: string, options: TraceFileOptions): Promise<TraceFile> {
    await mkdir(dirname(path), { recursive: true });
    const handle = await openToAppend(path);
    return new TraceFile(path, options, handle, (await handle.stat()).size);
  }

  /** Writes spans, soon. @throws RangeError where the disk is too far behind: they are lost */
  take(spans: readonly TraceSpan[]): void {
    if (this.#waiting.length >= MAX_WAITING) throw new RangeError("the disk is too far behind");
    this.#waiting.push(spans);
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Resolves once everything that was taken is written, or was told as failed. */
  get written(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.written;
    await this.#handle.close();
  }

  async #writeAll(): Promise<void> {
    for (let spans = this.#waiting.shift(); spans !== undefined; spans = this.#waiting.shift()) {
      try {
        await this.#write(spans);
      } catch (error) {
        this.#options.failed(error);
      }
    }
  }

  async #write(spans: readonly TraceSpan[]): Promise<void> {
    const { serviceName, maxBytes = MAX_BYTES } = this.#options;
    const traces = otlpTraces(spans, { serviceName, epochUs: unixEpochUs() });
    const line = Buffer.from(`${JSON.stringify(traces)}\n`);
    if (this.#bytes > 0 && this.#bytes + line.length > maxBytes) await this.#turnOver();
    await this.#handle.appendFile(line);
    this.#bytes += line.length;
  }

  async #turnOver(): Promise<void> {
    // Somebody may have moved it away meanwhile.
    await rename(this.#path, `${this.#path}.1`).catch(unlessMissing);
    const next = await openToAppend(this.#path);
    await this.#handle.close();
    this.#handle = next;
    this.#bytes = 0;
  }
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

function openToAppend(path: string): Promise<FileHandle> {
  return open(path, "a", 0o600);
}
