import { available, type Capability, missing } from "../capability.js";
import { errnoName, NativeIoError } from "../errors.js";

const COST = "memory that must not be swapped out cannot be had";

/** Reports whether memory can be locked, and how much; `lockable` is what the addon answered. */
export function lockCapability(lockable: number): Capability {
  if (lockable < 0) return missing("shm.lock", `mlock: ${errnoName(lockable)}`, COST);
  const limit = `${lockable} bytes (RLIMIT_MEMLOCK), more with CAP_IPC_LOCK`;
  return available("shm.lock", lockable === Infinity ? "without a limit" : limit);
}

/** Reports that memory cannot be locked here, because nothing of it is the system's. */
export function noLockCapability(): Capability {
  return missing("shm.lock", "no native backend", COST);
}

/** Makes the error of memory that the system does not lock; it tells the limit that most often is the reason. */
export function refusedLock(errno: string, bytes: number, lockable: number): NativeIoError {
  const limit = `${lockable} may be locked without CAP_IPC_LOCK (RLIMIT_MEMLOCK)`;
  return new NativeIoError("native_io.system", `mlock: ${errno} for ${bytes} bytes; ${limit}`, {
    details: { operation: "mlock", errno, bytes, lockable },
  });
}
