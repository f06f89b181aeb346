import { constants } from "node:fs";
import { copyFile, lstat, readlink, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { create } from "tar";
import { copyImage } from "./copy-image.js";
import { ReplicateError } from "./replicate-error.js";
import { entriesOf, fingerprintOf, type ReplicaSource } from "./source.js";
import { backUpSqlite } from "./sqlite-backup.js";
import { syncFile } from "./sync-file.js";

/** A state of a source that nobody changes any more. */
export interface Snapshot {
  /** What {@link fingerprintOf} said of the source then. */
  readonly fingerprint: string;
  readonly bytes: number;
}

/** How often a source that changes meanwhile is read again. */
const ATTEMPTS = 3;

/**
 * Writes the present state of a source to `into`: whole and synced, or not at all.
 *
 * A folder becomes a tar archive, an SQLite database a backup of what was committed, everything else a copy.
 *
 * @throws ReplicateError when the source is written to without end, or cannot be read
 */
export async function takeSnapshot(source: ReplicaSource, into: string): Promise<Snapshot> {
  const draft = `${into}.draft`;
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await rm(draft, { force: true });
      const before = await fingerprintOf(source);
      await write(source, draft);
      // A backup is consistent whoever writes; a device has no times.
      const isSettled = source.kind === "sqlite" || (await fingerprintOf(source)) === before;
      if (!isSettled) continue;
      const bytes = await syncFile(draft);
      await rename(draft, into);
      return { fingerprint: before, bytes };
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new ReplicateError(
    `${source.path} was changed each of the ${ATTEMPTS} times that it was read`,
    "stop what writes to it for a moment, or name a snapshot that the file system makes",
  );
}

async function write({ path, kind }: ReplicaSource, draft: string): Promise<void> {
  switch (kind) {
    case "file":
      // Where the file system can, both share their blocks.
      await copyFile(path, draft, constants.COPYFILE_FICLONE);
      break;
    case "image":
      await copyImage(path, draft);
      break;
    case "sqlite":
      await backUpSqlite(path, draft);
      break;
    case "directory":
      await archive(path, draft);
      break;
  }
}

// Owners and times of access stay here: they would make archives differ that hold the same.
async function archive(folder: string, draft: string): Promise<void> {
  const names: string[] = [];
  for await (const path of entriesOf(folder)) {
    await requireInnerLink(folder, path);
    names.push(relative(folder, path));
  }
  // "./" keeps a name that begins with @ from being read as an archive.
  const list = ["./", ...names.map((name) => `./${name}`)];
  await create(
    { file: draft, cwd: folder, portable: true, noDirRecurse: true, strict: true },
    list,
  );
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
