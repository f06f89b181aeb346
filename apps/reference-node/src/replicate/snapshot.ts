import { rename, rm } from "node:fs/promises";
import { archiveFolder } from "./archive-folder.js";
import { copyImage, copyPlainly } from "./copy-image.js";
import { ReplicateError } from "./replicate-error.js";
import { fingerprintOf, type ReplicaSource } from "./source.js";
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
 * @throws the reason of `signal`, soon after it is given
 */
export async function takeSnapshot(
  source: ReplicaSource,
  into: string,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const draft = `${into}.draft`;
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await discard(draft);
      const before = await fingerprintOf(source, signal);
      await write(source, draft, signal);
      // A backup is consistent whoever writes; a device has no times.
      const isSettled =
        source.kind === "sqlite" || (await fingerprintOf(source, signal)) === before;
      if (!isSettled) continue;
      const bytes = await syncFile(draft);
      signal?.throwIfAborted();
      await rename(draft, into);
      return { fingerprint: before, bytes };
    }
  } finally {
    await discard(draft);
  }
  throw new ReplicateError(
    `${source.path} was changed each of the ${ATTEMPTS} times that it was read`,
    "stop what writes to it for a moment, or name a snapshot that the file system makes",
  );
}

// SQLite has a journal beside what it writes.
async function discard(draft: string): Promise<void> {
  for (const path of [draft, `${draft}-journal`]) await rm(path, { force: true });
}

async function write(
  { path, kind }: ReplicaSource,
  draft: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  switch (kind) {
    case "file":
      await copyPlainly(path, draft, signal);
      break;
    case "image":
      await copyImage(path, draft, signal);
      break;
    case "sqlite":
      await backUpSqlite(path, draft, signal);
      break;
    case "directory":
      await archiveFolder(path, draft, signal);
      break;
  }
}
