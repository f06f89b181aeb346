import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DwcpError } from "../errors.js";
import type { ByteSource } from "../hde/byte-source.js";
import { contentIdOf } from "../hde/content-id.js";
import type { HdePlatform } from "../hde/hde-platform.js";
import { syncDirectory } from "./sync-path.js";

/** How the file of a baseline ends, behind its content id. */
export const SUFFIX = ".baseline";
/** How the note beside it ends. */
export const NOTE = ".json";
const DRAFT = ".draft";
const COPY_BYTES = 1_048_576;

/** What a baseline's file does not say itself. */
export interface BaselineNote {
  /** What the object is called. */
  readonly key: string;
  /** Rises with every state of the object. */
  readonly generation: number;
  /** The baseline it was sent against, where that still counts. */
  readonly baseId?: string | undefined;
}

/** A baseline that was found on disk. */
export interface FoundBaseline extends BaselineNote {
  /** Its content id, in hexadecimal. */
  readonly id: string;
  /** In bytes. */
  readonly length: number;
}

/**
 * Baselines as files of a directory, named by content id.
 *
 * A file appears whole or not at all: it is written under another name, synced, and renamed; the note beside it goes first. What
 * an interrupted writer left is removed by {@link BaselineFiles.open}.
 *
 * @see spec/dwcp.md B12
 */
export class BaselineFiles {
  readonly #directory: string;
  readonly #platform: HdePlatform;

  private constructor(directory: string, platform: HdePlatform) {
    this.#directory = directory;
    this.#platform = platform;
  }

  /** Opens `directory`, making it where it is missing, and removes drafts and halves. */
  static async open(directory: string, platform: HdePlatform): Promise<BaselineFiles> {
    await mkdir(directory, { recursive: true });
    const names = new Set(await readdir(directory));
    for (const name of names) {
      const isOrphan = name.endsWith(NOTE) && !names.has(name.slice(0, -NOTE.length) + SUFFIX);
      if (name.endsWith(DRAFT) || isOrphan) await rm(join(directory, name), { force: true });
    }
    return new BaselineFiles(directory, platform);
  }

  /** Lists what is there. Files whose note is missing or cannot be read are removed. */
  async list(): Promise<readonly FoundBaseline[]> {
    const found: FoundBaseline[] = [];
    for (const name of await readdir(this.#directory)) {
      const id = name.slice(0, -SUFFIX.length);
      if (!name.endsWith(SUFFIX) || !/^[0-9a-f]{64}$/.test(id)) continue;
      const note = await this.#readNote(id);
      if (note === undefined) await this.remove(id);
      else found.push({ id, length: (await stat(this.#path(id, SUFFIX))).size, ...note });
    }
    return found;
  }

  /** Writes a baseline; when this resolves it survives a power cut. */
  async write(id: string, source: ByteSource, note: BaselineNote): Promise<void> {
    await this.#place(id, NOTE, [Buffer.from(JSON.stringify(note))]);
    await this.#place(id, SUFFIX, pieces(source));
  }

  /**
   * Opens a baseline for reading, after its bytes were held against its id.
   *
   * @throws DwcpError `dwcp.baseline_missing`; `dwcp.baseline_mismatch`, and the file is gone.
   */
  async read(id: string): Promise<OpenedBaseline> {
    const file = openFile(this.#path(id, SUFFIX), id);
    const { size } = await stat(this.#path(id, SUFFIX));
    const source: ByteSource = { length: size, read: (at, length) => readAt(file, at, length) };
    const opened = { source, close: () => closeSync(file) };
    if (contentIdOf(source, this.#platform) === id) return opened;
    opened.close();
    await this.remove(id);
    throw new DwcpError("dwcp.baseline_mismatch", `the file of ${id} holds something else`, {
      details: { id },
    });
  }

  /** Where a baseline's bytes lie, if it is there. */
  pathOf(id: string): string {
    return this.#path(id, SUFFIX);
  }

  /** Removes a baseline; it is no error when it is not there. */
  async remove(id: string): Promise<void> {
    await rm(this.#path(id, SUFFIX), { force: true });
    await rm(this.#path(id, NOTE), { force: true });
  }

  #path(id: string, suffix: string): string {
    if (!/^[0-9a-f]{64}$/.test(id)) throw new RangeError("a content id is 64 hexadecimal digits");
    return join(this.#directory, id + suffix);
  }

  async #readNote(id: string): Promise<BaselineNote | undefined> {
    try {
      const note: unknown = JSON.parse(await readFile(this.#path(id, NOTE), "utf8"));
      return isNote(note) ? note : undefined;
    } catch {
      return undefined;
    }
  }

  async #place(id: string, suffix: string, parts: Iterable<Uint8Array>): Promise<void> {
    const draft = join(this.#directory, `${randomUUID()}${DRAFT}`);
    const file = await open(draft, "wx");
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } catch (thrown) {
      await file.close();
      await rm(draft, { force: true });
      throw isFull(thrown)
        ? new DwcpError("dwcp.no_space", "no room for a baseline", { cause: thrown })
        : thrown;
    }
    await file.close();
    await rename(draft, this.#path(id, suffix));
    await syncDirectory(this.#directory);
  }
}

/** A baseline's bytes, to be closed by whoever opened them. */
export interface OpenedBaseline {
  /** Where its bytes are read. */
  readonly source: ByteSource;
  /** Lets go of what is open. */
  close(): void;
}

function openFile(path: string, id: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new DwcpError("dwcp.baseline_missing", `no file of ${id}`, { cause, details: { id } });
  }
}

function readAt(file: number, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, into, done, length - done, offset + done);
    if (count === 0) {
      throw new DwcpError("dwcp.baseline_mismatch", `a baseline ends at ${offset + done}`);
    }
    done += count;
  }
  return into;
}

function* pieces(source: ByteSource): Generator<Uint8Array> {
  for (let at = 0; at < source.length; at += COPY_BYTES) {
    yield source.read(at, Math.min(COPY_BYTES, source.length - at));
  }
}

/** Says whether a value has the shape of a note. */
export function isNote(value: unknown): value is BaselineNote {
  return (
    typeof value === "object" &&
    value !== null &&
    "key" in value &&
    typeof value.key === "string" &&
    "generation" in value &&
    Number.isSafeInteger(value.generation)
  );
}

function isFull(thrown: unknown): boolean {
  return (
    typeof thrown === "object" && thrown !== null && "code" in thrown && thrown.code === "ENOSPC"
  );
}
