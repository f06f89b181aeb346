import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { DwcpError } from "../../errors.js";

/** Tells this process from an earlier one that had the same number. */
const epoch = randomBytes(8).toString("hex");

/** Keeps a second process off a file: a lock file with the number and the epoch of its owner. spec/dwcp.md B4 */
export class FileLock {
  readonly #path: string;

  /** @throws DwcpError `dwcp.conflict` when a living process, or this one, holds it. */
  constructor(path: string) {
    this.#path = path;
    if (this.#take()) return;
    const [pid = "", of = ""] = readOwner(path);
    if (of === epoch || isAlive(Number(pid))) {
      throw new DwcpError("dwcp.conflict", `process ${pid} receives this transfer`);
    }
    // Its owner was killed.
    rmSync(path, { force: true });
    if (!this.#take()) throw new DwcpError("dwcp.conflict", "another process took the lock");
  }

  /** Ends the hold; twice does no harm. */
  release(): void {
    rmSync(this.#path, { force: true });
  }

  #take(): boolean {
    try {
      const fd = openSync(this.#path, "wx");
      writeSync(fd, `${process.pid} ${epoch}`);
      closeSync(fd);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }
}

function readOwner(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split(" ");
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  // A number that is this process's own was another one's before: its epoch differs.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
