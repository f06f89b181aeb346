import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { coveredBytes, type HeldRange, mergeRanges } from "./file-ranges.js";
import type { FileRange } from "./purpose.js";

const size = z.int().min(0);
const journal = z.strictObject({
  sha256: z.string(),
  total: size,
  ranges: z.array(z.strictObject({ offset: size, bytes: size })),
});

/**
 * A file that others transfer in ranges, in any order and with any pauses. Until it is whole it is called `name.part`, and
 * `name.part.json` lists the ranges that are safe: a transfer that was cut off goes on with the others.
 */
export class ReceivedFile {
  readonly #path: string;
  readonly #file: Omit<FileRange, "offset">;
  #ranges: readonly HeldRange[];
  // Writes of the journal, one after the other.
  #saving: Promise<void> = Promise.resolve();
  #finishing: Promise<"whole" | "different"> | undefined;

  private constructor(path: string, file: Omit<FileRange, "offset">, held: readonly HeldRange[]) {
    this.#path = path;
    this.#file = file;
    this.#ranges = mergeRanges(held);
  }

  /** Opens what is there of a file; what belongs to another content of that name is dropped. */
  static async open(folder: string, file: Omit<FileRange, "offset">): Promise<ReceivedFile> {
    const path = join(folder, file.name);
    const found = await readJournal(`${path}.part.json`);
    const isSame = found?.sha256 === file.sha256 && found.total === file.total;
    if (!isSame) await rm(`${path}.part`, { force: true });
    return new ReceivedFile(path, file, isSame ? found.ranges : []);
  }

  /** The ranges that are there: none of a file that somebody took away meanwhile. */
  async ranges(): Promise<readonly HeldRange[]> {
    const isThere = await stat(`${this.#path}.part`).catch(() => undefined);
    if (isThere === undefined) this.#ranges = [];
    return this.#ranges;
  }

  /** Whether all bytes are there. */
  get isWhole(): boolean {
    return coveredBytes(this.#ranges) >= this.#file.total;
  }

  /** Opens the unfinished file for writing; several may at a time. */
  async handle(): Promise<FileHandle> {
    // None of the flags that have letters neither truncates nor demands that the file exists, or that it does not.
    return open(`${this.#path}.part`, constants.O_RDWR | constants.O_CREAT);
  }

  /** Notes that a range is safe. With the last one the file is checked and gets its name. */
  async add(range: HeldRange): Promise<"partly" | "whole" | "different"> {
    this.#ranges = mergeRanges([...this.#ranges, range]);
    this.#saving = this.#saving.then(() => this.#save());
    await this.#saving;
    if (!this.isWhole) return "partly";
    // Ranges that end together all find the file whole; it gets its name once.
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  async #save(): Promise<void> {
    const { sha256, total } = this.#file;
    const text = JSON.stringify({ sha256, total, ranges: this.#ranges });
    // Replaced as a whole: a cut is seen before or after, never within.
    await writeFile(`${this.#path}.part.json.new`, text);
    await rename(`${this.#path}.part.json.new`, `${this.#path}.part.json`);
  }

  async #finish(): Promise<"whole" | "different"> {
    const isSame = (await sha256Of(`${this.#path}.part`)) === this.#file.sha256;
    if (isSame) await rename(`${this.#path}.part`, this.#path);
    else await rm(`${this.#path}.part`, { force: true });
    await rm(`${this.#path}.part.json`, { force: true });
    this.#ranges = isSame ? this.#ranges : [];
    return isSame ? "whole" : "different";
  }
}

/** SHA-256 of a file, hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest("hex");
}

async function readJournal(path: string): Promise<z.infer<typeof journal> | undefined> {
  try {
    return journal.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}
