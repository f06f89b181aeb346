import { readdirSync } from "node:fs";
import { backend, type Cores } from "@proj/native-io";
import { asWireError } from "@proj/wire-types";

/** What became of the wish that everything else keeps off the cores of the workers. */
export interface SparedCores {
  /** Why not, in one line; absent if so. */
  readonly note?: string;
  /** Lets the threads run again where they could before. */
  release(): void;
}

const TASKS = "/proc/self/task";

/**
 * Has every thread that this process has now, libuv's pool among them, run on `others` only, so that the cores of workers are
 * theirs. Threads that are started later inherit it from the one that starts them. To be called before workers start.
 *
 * @see spec/dcquic.md §19
 */
export function spareCores(
  others: readonly number[],
  cores: Cores = backend.cores,
  threads: () => readonly number[] = threadsHere,
): SparedCores {
  const before = new Map<number, readonly number[]>();
  const release = (): void => {
    // One that has ended meanwhile cannot be asked, which is as good.
    for (const [thread, cpus] of before) cores.pin(cpus, thread);
  };
  if (others.length === 0) return { release };
  try {
    for (const thread of threads()) {
      const held = cores.affinity(thread);
      if (held.kind !== "done") continue;
      const moved = cores.pin(others, thread);
      if (moved.kind === "done") before.set(thread, held.value);
      else
        return { note: `other threads may run on the cores of workers: ${moved.reason}`, release };
    }
    return { release };
  } catch (error) {
    const { message } = asWireError(error);
    return { note: `other threads may run on the cores of workers: ${message}`, release };
  }
}

function threadsHere(): readonly number[] {
  return readdirSync(TASKS).map(Number);
}
