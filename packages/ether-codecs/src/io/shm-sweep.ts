import type { PosixShm } from "./posix-shm.js";
import { livedAt } from "./process-life.js";
import { creatorOf, pidNamespace } from "./shm-name.js";

// Names of other implementations do not say which process-id namespace they mean; older than this nobody waits for them.
const FOREIGN_AGE_MS = 3_600_000;

/** What a sweep removed. */
export interface SweepResult {
  /** Objects unlinked. */
  readonly objects: number;
  /** Their bytes. */
  readonly bytes: number;
}

/**
 * Unlinks the `xcp.*` objects whose creator is dead, as a crash leaves them; run it once at start-up.
 *
 * Objects of other users, of living processes and with names of another form stay.
 *
 * @param nowMs ms since 1970.
 * @throws EtherError `ether.shm_unavailable` when the folder cannot be read.
 * @see spec/xcp.md §16.3
 */
export function sweepShm(shm: PosixShm, nowMs: number): SweepResult {
  let objects = 0;
  let bytes = 0;
  for (const entry of shm.entries()) {
    const creator = creatorOf(entry.object);
    if (creator === undefined || livedAt(creator.pid, entry.writtenMs)) continue;
    const own = creator.pidNamespace === pidNamespace();
    const stale = creator.pidNamespace === undefined && nowMs - entry.writtenMs > FOREIGN_AGE_MS;
    if (!own && !stale) continue;
    if (!shm.unlinkObject(entry.object)) continue;
    objects += 1;
    bytes += entry.bytes;
  }
  return { objects, bytes };
}
