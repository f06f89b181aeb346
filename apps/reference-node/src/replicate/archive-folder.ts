import { lstat, open, readlink } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { Pack, type WriteEntry } from "tar";
import { ReplicateError } from "./replicate-error.js";
import { entriesOf } from "./source.js";
import { writeFully } from "./write-fully.js";

/** How many names the archiver has before it; it looks at each of them, needed or not. */
const NAMES_AHEAD = 16;

/**
 * Writes a folder as a tar archive to a file that is not there yet. Owners and times of access stay behind: they would make archives
 * differ that hold the same.
 *
 * @throws ReplicateError for a link that leads out of the folder
 * @throws the reason of `signal`
 */
export async function archiveFolder(
  folder: string,
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const archiver = new Archiver(folder, await namesIn(folder, signal));
  const file = await open(into, "wx", 0o600);
  try {
    let at = 0;
    for await (const bytes of archiver.pack) {
      signal?.throwIfAborted();
      await writeFully(file, bytes, at);
      at += bytes.length;
    }
  } finally {
    archiver.letGo();
    await file.close();
  }
}

class Archiver {
  readonly pack: Pack;
  readonly #names: Iterator<string>;
  readonly #reading = new Set<WriteEntry>();
  #hasAll = false;
  #isOver = false;

  constructor(folder: string, names: readonly string[]) {
    this.#names = names.values();
    this.pack = new Pack({
      cwd: folder,
      portable: true,
      noDirRecurse: true,
      strict: true,
      filter: () => !this.#isOver,
      onWriteEntry: (entry) => {
        if (this.#isOver) return drop(entry);
        this.#reading.add(entry);
        entry.on("end", () => this.#reading.delete(entry));
        this.#feed(1);
      },
    });
    this.#feed(NAMES_AHEAD);
  }

  /** Ends what is still being read, where somebody no longer wants it: files are closed, and nothing more is read. */
  letGo(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // That files end too soon is what it says now.
    this.pack.on("error", () => undefined);
    for (const entry of this.#reading) drop(entry);
    this.pack.resume();
  }

  #feed(count: number): void {
    for (let i = 0; i < count && !this.#isOver; i++) {
      const next = this.#names.next();
      if (next.done !== true) this.pack.add(next.value);
      else if (!this.#hasAll) {
        this.#hasAll = true;
        this.pack.end();
      }
    }
  }
}

// The archiver goes no further after a file that ended too soon: who waits behind it has to flow by itself.
function drop(entry: WriteEntry): void {
  [entry.remain, entry.blockRemain] = [0, 0];
  if (entry.stat !== undefined) entry.stat.size = 0;
  entry.resume();
}

// "./" keeps a name that begins with @ from being read as an archive.
async function namesIn(folder: string, signal: AbortSignal | undefined): Promise<string[]> {
  const names = ["./"];
  for await (const path of entriesOf(folder)) {
    signal?.throwIfAborted();
    await requireInnerLink(folder, path);
    names.push(`./${relative(folder, path)}`);
  }
  return names;
}

// No receiver unpacks a link that leads out: whoever serves the replica would serve what lies there.
async function requireInnerLink(folder: string, path: string): Promise<void> {
  if (!(await lstat(path)).isSymbolicLink()) return;
  const target = await readlink(path);
  const inner = relative(folder, resolve(dirname(path), target));
  if (!isAbsolute(target) && inner !== ".." && !inner.startsWith(`..${sep}`)) return;
  throw new ReplicateError(
    `${path} is a link that leads out of the folder, to ${target}`,
    "let it lead to something in the folder by a relative path, or remove it",
  );
}
