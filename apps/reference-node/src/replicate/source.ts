import { lstat, open, readdir, stat } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { createHash } from "node:crypto";
import { join, relative, resolve } from "node:path";
import { ReplicateError } from "./replicate-error.js";

/** What is replicated. */
export type SourceKind = "file" | "directory" | "image" | "sqlite";

/** Every {@link SourceKind}. */
export const sourceKinds: readonly SourceKind[] = ["file", "directory", "image", "sqlite"];

/** Something on this host that is replicated. */
export interface ReplicaSource {
  /** Absolute. */
  readonly path: string;
  readonly kind: SourceKind;
}

const SQLITE_MAGIC = "SQLite format 3\0";

/** Looks what lies at a path; `forced` is what the user calls it. @throws ReplicateError */
export async function findSource(
  named: string,
  forced: SourceKind | undefined,
): Promise<ReplicaSource> {
  const path = resolve(named);
  const found = await look(path);
  const kind = forced ?? (await kindOf(path, found));
  if ((kind === "directory") !== found.isDirectory()) {
    const fact = found.isDirectory() ? "is a folder" : "is no folder";
    throw new ReplicateError(`${named} ${fact}`, "leave --as out, or name something else");
  }
  return { path, kind };
}

/** Tells two states of a source apart, by sizes, times and identities; it reads no content. @throws the reason of `signal` */
export async function fingerprintOf(
  { path, kind }: ReplicaSource,
  signal?: AbortSignal,
): Promise<string> {
  const parts: string[] = [];
  if (kind === "directory") {
    for await (const each of entriesOf(path)) {
      signal?.throwIfAborted();
      // A link is told apart by itself: what it leads to may be elsewhere, or nowhere.
      parts.push(`${relative(path, each)} ${stampOf(await look(each, lstat))}`);
    }
  } else parts.push(stampOf(await look(path)));
  if (kind === "sqlite") {
    // What was committed may still be in the log only.
    const log = await stat(`${path}-wal`, { bigint: true }).catch(() => undefined);
    if (log !== undefined && log.size > 0n) parts.push(stampOf(log));
  }
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}

/**
 * Paths of the files, folders and links beneath a folder, each folder before what is in it, in an order that does not change.
 *
 * Sockets, pipes and devices are left out: they belong to this host, and hold nothing.
 */
export async function* entriesOf(folder: string): AsyncGenerator<string, void, undefined> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!(entry.isFile() || entry.isDirectory() || entry.isSymbolicLink())) continue;
    const path = join(folder, entry.name);
    yield path;
    if (entry.isDirectory()) yield* entriesOf(path);
  }
}

async function look(path: string, by: typeof stat | typeof lstat = stat): Promise<BigIntStats> {
  try {
    return await by(path, { bigint: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new ReplicateError(`${path} ${reason}`, "correct the path, or its permissions", {
      cause,
    });
  }
}

async function kindOf(path: string, found: BigIntStats): Promise<SourceKind> {
  if (found.isDirectory()) return "directory";
  if (found.isBlockDevice()) return "image";
  if (!found.isFile()) {
    throw new ReplicateError(`${path} is neither a file nor a folder`, "name one of those");
  }
  const file = await open(path).catch((cause: unknown) => {
    throw new ReplicateError(`${path} cannot be read`, "correct its permissions", { cause });
  });
  try {
    const head = Buffer.alloc(SQLITE_MAGIC.length);
    await file.read(head, 0, head.length, 0);
    return head.toString("latin1") === SQLITE_MAGIC ? "sqlite" : "file";
  } finally {
    await file.close();
  }
}

function stampOf({ size, mtimeNs, ctimeNs, ino, mode }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs, ino, mode].join(" ");
}
