import { DwcpError } from "@proj/dwcp";
import type { ObjectStore, StoredObject } from "@proj/dwcp/node";
import { constants, existsSync } from "node:fs";
import { copyFile, lstat, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { parseReplicaKey } from "./replica-key.js";
import { syncFile } from "./sync-file.js";

/**
 * Lays replicas where people find them: `<folder>/<name>`, a file or a folder.
 *
 * ```
 * <folder>/<name>          the newest state
 * <folder>/.dwcp/          the store: what arrived, what is on its way
 * <folder>/.published/     which state each name shows
 * ```
 *
 * A file is replaced in one step. A folder is unpacked beside and exchanged: for a moment the name is missing.
 */
export class ReplicaPublisher {
  readonly #folder: string;
  #last: Promise<void> = Promise.resolve();

  /** `folder` is made where it is missing. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where the store belongs. */
  get storeFolder(): string {
    return join(this.#folder, ".dwcp");
  }

  /** Publishes what arrived before this process began and never came so far; `failed` hears of what cannot be, and why. */
  async catchUp(
    store: ObjectStore,
    failed: (object: StoredObject, error: unknown) => void,
  ): Promise<void> {
    for (const key of new Set(store.objects.map((object) => object.key))) {
      const newest = store.latest(key);
      if (newest === undefined) continue;
      try {
        await this.publish(newest);
      } catch (error) {
        // One that nobody can unpack keeps no other from its place, nor the node from its work.
        failed(newest, error);
      }
    }
  }

  /** Publishes a state; an older one than the name shows is left aside. One after the other. */
  publish(object: StoredObject): Promise<void> {
    const done = this.#last.then(() => this.#publish(object));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #publish(object: StoredObject): Promise<void> {
    const key = parseReplicaKey(object.key);
    // Other programs may send what they like; it stays in the store.
    if (key === undefined) return;
    const notes = join(this.#folder, ".published");
    await mkdir(notes, { recursive: true, mode: 0o700 });
    const notePath = join(notes, key.name);
    const target = join(this.#folder, key.name);
    const shown = await generationIn(notePath);
    if (shown >= object.generation && existsSync(target)) return;
    const fresh = join(notes, `${key.name}:new`);
    await rm(fresh, { recursive: true, force: true });
    if (key.form === "file") {
      await copyFile(object.path, fresh, constants.COPYFILE_FICLONE);
      await syncFile(fresh);
      await removeFolder(target);
      await rename(fresh, target);
    } else {
      await mkdir(fresh);
      await unpack(object.path, fresh);
      await exchange(fresh, target, join(notes, `${key.name}:old`));
    }
    await writeFile(`${notePath}:note`, String(object.generation));
    await rename(`${notePath}:note`, notePath);
  }
}

async function generationIn(path: string): Promise<number> {
  try {
    return Number(await readFile(path, "utf8"));
  } catch {
    return -1;
  }
}

// It refuses absolute names, those that lead out with .., and links that would.
async function unpack(file: string, cwd: string): Promise<void> {
  try {
    await extract({ file, cwd, strict: true, preserveOwner: false });
  } catch (cause) {
    const { code, tarCode } = cause as { readonly code?: string; readonly tarCode?: string };
    if (tarCode === undefined && code?.startsWith("TAR_") !== true) throw cause;
    // Another attempt with the same bytes would end as this one did.
    const { message } = cause as Error;
    throw new DwcpError("dwcp.conflict", `the folder cannot be unpacked: ${message}`, { cause });
  }
}

async function exchange(fresh: string, target: string, aside: string): Promise<void> {
  await rm(aside, { recursive: true, force: true });
  if (existsSync(target)) await rename(target, aside);
  await rename(fresh, target);
  await rm(aside, { recursive: true, force: true });
}

// A name that stood for a folder may stand for a file now; a file is replaced by the renaming itself.
async function removeFolder(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() === true) await rm(path, { recursive: true });
}
