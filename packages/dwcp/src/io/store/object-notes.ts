import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DwcpError } from "../../errors.js";
import { syncDirectory, syncFile } from "../sync-path.js";
import type { StoredObject } from "./object-store.js";

const NOTE = ".json";
/** A note of an object that may not have its name yet. */
const EARLY_NOTE = ".new";
const BYTES = ".bin";

/** What a note says: all but where it is. */
type Note = Omit<StoredObject, "path">;

/** Where the object of a note lies, in the folder of its key. */
export function bytesPath(folder: string, generation: number): string {
  return join(folder, `${generation}${BYTES}`);
}

/** Where the note of an object lies. */
export function notePath({ path }: Pick<StoredObject, "path">): string {
  return `${path.slice(0, -BYTES.length)}${NOTE}`;
}

/**
 * Gives the bytes at `from` the name of `object`, and it a note. The note is there first, synced: a process that is killed in between has
 * left all that the next one needs to know what the bytes are.
 */
export async function publish(object: StoredObject, folder: string, from: string): Promise<void> {
  const { path, ...note } = object;
  const early = join(folder, `${object.generation}.${object.transferId}${EARLY_NOTE}`);
  writeFileSync(early, JSON.stringify(note));
  await syncFile(early);
  renameSync(from, path);
  renameSync(early, notePath(object));
  await syncDirectory(folder);
}

/**
 * Reads the notes of a folder of objects; what a killed process had begun to publish is finished, where its bytes have their name.
 *
 * @param parts Where the bytes of transfers lie that have none.
 * @throws DwcpError `dwcp.integrity` for a note that cannot be read.
 */
export function* foundObjects(
  root: string,
  parts: string,
): Generator<StoredObject, void, undefined> {
  for (const name of readdirSync(root)) {
    const folder = join(root, name);
    for (const file of readdirSync(folder)) {
      if (file.endsWith(EARLY_NOTE)) finish(folder, file, parts);
    }
    for (const file of readdirSync(folder)) {
      if (!file.endsWith(NOTE)) continue;
      const note = noteIn(join(folder, file));
      yield { ...note, path: join(folder, `${file.slice(0, -NOTE.length)}${BYTES}`) };
    }
  }
}

function noteIn(path: string): Note {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Note;
  } catch (cause) {
    throw new DwcpError("dwcp.integrity", `${path} cannot be read`, { cause });
  }
}

function finish(folder: string, file: string, parts: string): void {
  const early = join(folder, file);
  const note = earlyNoteIn(early);
  if (note === undefined) return rmSync(early, { force: true });
  // The bytes are a part still: its transfer goes on, and writes the note anew.
  if (existsSync(join(parts, `${note.transferId}.part`))) return;
  const path = bytesPath(folder, note.generation);
  const isThere = existsSync(path) && statSync(path).size === note.length;
  if (isThere) renameSync(early, notePath({ path }));
  else rmSync(early, { force: true });
}

// Half a note was never synced, so nothing was renamed after it.
function earlyNoteIn(path: string): Note | undefined {
  try {
    return noteIn(path);
  } catch {
    return undefined;
  }
}
