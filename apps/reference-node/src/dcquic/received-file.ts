import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { FileRange } from "./purpose.js";

/** A range of a file that is there. */
export interface HeldRange {
  readonly offset: number;
  readonly bytes: number;
}

const journal = z.strictObject({
  sha256: z.string(),
  total: z.number(),
  ranges: z.array(z.strictObject({ offset: z.number(), bytes: z.number() })),
});

/**
 * A file that others transfer in ranges, in any order and with any pauses. Until it is whole it is called `name.part`, and
 * `name.part.json` lists the ranges that are safe: a transfer that was cut off goes on with the others.
 */
export class ReceivedFile {
  readonly #path: string;
  readonly #file: Omit<FileRange, "offset">;
  #ranges: HeldRange[];
  // Writes of the journal, one after the other.
  #saving: Promise<void> = Promise.resolve();
  #finishing: Promise<"whole" | "different"> | undefined;

  private constructor(path: string, file: Omit<FileRange, "offset">, ranges: HeldRange[]) {
    this.#path = path;
    this.#file = file;
    this.#ranges = ranges;
  }

  /** Opens what is there of a file; what belongs to another content of that name is dropped. */
  static async open(folder: string, file: Omit<FileRange, "offset">): Promise<ReceivedFile> {
    const path = join(folder, file.name);
    const found = await readJournal(`${path}.part.json`);
    const isSame = found?.sha256 === file.sha256 && found.total === file.total;
    if (!isSame) await rm(`${path}.part`, { force: true });
    return new ReceivedFile(path, file, isSame ? found.ranges : []);
  }

  /** The ranges that are there. */
  get ranges(): readonly HeldRange[] {
    return this.#ranges;
  }

  /** Whether all bytes are there. */
  get isWhole(): boolean {
    const held = this.#ranges.reduce((sum, { bytes }) => sum + bytes, 0);
    return held >= this.#file.total;
  }

  /** Opens the unfinished file for writing. */
  async handle(): Promise<FileHandle> {
    // Neither a flag that truncates nor one that demands that it exists.
    return open(`${this.#path}.part`, "r+").catch(() => open(`${this.#path}.part`, "wx+"));
  }

  /** Notes that a range is safe. With the last one the file is checked and gets its name. */
  async add(range: HeldRange): Promise<"partly" | "whole" | "different"> {
    const isKnown = this.#ranges.some(({ offset }) => offset === range.offset);
    if (!isKnown) this.#ranges = [...this.#ranges, range];
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
