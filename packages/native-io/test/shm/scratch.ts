import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder of its own in shared memory, or on disk where there is none. */
export interface Scratch {
  readonly folder: string;
  /** The path of a file in it. */
  path(name: string): string;
  remove(): void;
}

/** Makes one; it has no characters that a path could not have. */
export function scratch(): Scratch {
  const folder = mkdtempSync(join(base, "native-io-test-"));
  return {
    folder,
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
