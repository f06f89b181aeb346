import { userInfo, tmpdir } from "node:os";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The file that drivers and clients meet in. spec/aeron.md §1 */
export const CNC_FILE = "cnc.dat";

/**
 * Returns the directory of the machine's driver for this user.
 *
 * `AERON_DIR` in the environment overrides it.
 */
export function defaultAeronDir(): string {
  const chosen = process.env["AERON_DIR"];
  if (chosen !== undefined && chosen !== "") return chosen;
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  return join(base, `aeron-${userInfo().username}`);
}
