import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { LEAF_BYTES } from "../hde/content-id.js";
import type { HdePlatform } from "../hde/hde-platform.js";
import { type BaselineNote, isNote, NOTE, SUFFIX } from "./baseline-files.js";
import { FileSource } from "./store/file-source.js";
import { hashLeaves } from "./transfer/leaf-hasher.js";

/** What is known of a kept state from its file alone. */
export interface InspectedBaseline extends Partial<BaselineNote> {
  /** The content id that its name claims. */
  readonly id: string;
  /** In bytes. */
  readonly length: number;
  /**
   * `sound`: its bytes have that id. `changed`: they have not, and it will never be used. `unnamed`: nothing says of which object
   * it is; the next process that opens the folder removes it.
   */
  readonly state: "sound" | "changed" | "unnamed";
  /** How many states it is told by, down to one that is told by none, itself included; one that is missing ends the chain. */
  readonly chainLength: number;
  /** When it was written, in milliseconds of wall time. */
  readonly writtenMs: number;
}

/**
 * Looks at a folder of kept states without any node, and changes nothing in it. All bytes are read.
 *
 * @throws what the file system says where the folder cannot be read
 */
export async function inspectBaselines(
  folder: string,
  platform: HdePlatform,
): Promise<readonly InspectedBaseline[]> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.baseline$/.test(name));
  const notes = new Map<string, BaselineNote | undefined>();
  for (const name of names) {
    const id = name.slice(0, -SUFFIX.length);
    notes.set(id, await noteOf(join(folder, id + NOTE)));
  }
  const found: InspectedBaseline[] = [];
  for (const [id, note] of notes) {
    const path = join(folder, id + SUFFIX);
    const { size: length, mtimeMs: writtenMs } = await stat(path);
    const isSound = (await idOf(path, platform)) === id;
    const state = note === undefined ? "unnamed" : isSound ? "sound" : "changed";
    found.push({ id, length, writtenMs, state, chainLength: chainOf(id, notes), ...note });
  }
  return found.toSorted(
    (a, b) => (a.key ?? "").localeCompare(b.key ?? "") || (a.generation ?? 0) - (b.generation ?? 0),
  );
}

async function noteOf(path: string): Promise<BaselineNote | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(path, "utf8"));
    return isNote(note) ? note : undefined;
  } catch {
    return undefined;
  }
}

async function idOf(path: string, platform: HdePlatform): Promise<string> {
  const source = new FileSource(path);
  try {
    return (await hashLeaves({ source, leafBytes: LEAF_BYTES, platform })).root;
  } finally {
    source.close();
  }
}

// Notes are what somebody wrote: a circle ends where it began.
function chainOf(id: string, notes: ReadonlyMap<string, BaselineNote | undefined>): number {
  const seen = new Set<string>();
  for (let at: string | undefined = id; at !== undefined && notes.has(at) && !seen.has(at);) {
    seen.add(at);
    at = notes.get(at)?.baseId;
  }
  return seen.size;
}
