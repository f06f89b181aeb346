import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { available, type Capability, missing } from "../capability.js";
import { noLockCapability } from "./locking.js";
import { PortableFolders } from "./portable-folders.js";
import type { SharedMemory, ShmCopy, ShmFolders } from "./shared-memory.js";

// A worker starts with its parent's environment data, and shared buffers in it stay shared.
const REGISTRY_KEY = "@proj/native-io/regions";

const fenced = new Int32Array(new SharedArrayBuffer(4));

/**
 * Shared memory within this process: named buffers instead of files.
 *
 * A thread sees what its parent had created when it started. Permissions and huge pages do not exist here.
 */
export class PortableSharedMemory implements SharedMemory {
  readonly fence = (): void => {
    Atomics.add(fenced, 0, 0);
  };

  capabilities(): readonly Capability[] {
    return [
      available("shm.threads", "buffers shared with threads that start later"),
      missing(
        "shm.cross_process",
        "no native backend",
        "other processes get copies over a socket instead",
      ),
      missing("shm.detach", "no native backend", "stale views of a region still read it"),
      missing("shm.hugepages", "no native backend", "pools lie in ordinary memory"),
      noLockCapability(),
    ];
  }

  allow(folders: readonly string[]): ShmFolders {
    return new PortableFolders(registry(), folders);
  }

  copy({ target, targetOffset, source, sourceOffset, length }: ShmCopy): void {
    for (const [bytes, offset] of [
      [target, targetOffset],
      [source, sourceOffset],
    ] as const) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("copy: expected a Uint8Array");
      const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
      if (!whole || offset < 0 || length < 0 || length > bytes.length - offset) {
        throw new RangeError("copy: the bytes to copy do not lie inside both arrays");
      }
    }
    target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset);
  }
}

/** The buffers of this thread by path. */
function registry(): Map<string, SharedArrayBuffer> {
  const inherited = getEnvironmentData(REGISTRY_KEY) as unknown;
  if (inherited instanceof Map) return inherited as Map<string, SharedArrayBuffer>;
  const fresh = new Map<string, SharedArrayBuffer>();
  setEnvironmentData(REGISTRY_KEY, fresh);
  return fresh;
}
