import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where files are memory, so that what a disk takes is not measured. */
export interface MemoryFolder {
  readonly path: string;
  /** What it is, for people. */
  readonly what: string;
  release(): void;
}

/** Those that this machine has; of huge pages first. Each is to be released. */
export function memoryFolders(bytes: number): readonly MemoryFolder[] {
  return [hugePages(bytes), sharedMemory()].filter((each) => each !== undefined);
}

/** `/dev/shm`, whose files are made of pages of 4 KiB; nothing where there is none. */
function sharedMemory(): MemoryFolder | undefined {
  try {
    accessSync("/dev/shm", constants.W_OK);
  } catch {
    return undefined;
  }
  return { path: "/dev/shm", what: "memory in pages of 4 KiB", release: () => undefined };
}

/**
 * A file system of its own whose files are made of huge pages: the kernel then asks for memory once for 2 MiB and not 512 times.
 * Nothing where this process may not mount one.
 */
function hugePages(bytes: number): MemoryFolder | undefined {
  const path = mkdtempSync(join(tmpdir(), "dwcp-memory-"));
  const options = `huge=always,mode=0700,size=${bytes}`;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
  if (status !== 0) {
    rmdirSync(path);
    return undefined;
  }
  return {
    path,
    what: "memory in huge pages",
    release: () => {
      spawnSync("umount", [path]);
      rmdirSync(path);
    },
  };
}
