import { errnoName, NativeIoError, systemError } from "../errors.js";
import type { ShmPolicy } from "./shared-memory.js";

/** Which check of spec/tensor-pool.md §6 a path or file failed. */
export type ShmCheck =
  | "absolute"
  | "contained"
  | "no_link"
  | "regular"
  | "owner"
  | "others"
  | "size"
  | "hugepages";

/** What a descriptor says of its file. */
export interface FileFacts {
  /** Bytes. */
  readonly size: number;
  /** Type and permission bits, as `stat` gives them. */
  readonly mode: number;
  /** User id. */
  readonly owner: number;
  /** Bytes of a page of its file system. */
  readonly pageBytes: number;
  /** Whether those are huge pages. */
  readonly hugePages: boolean;
}

/** What is asked of a file beyond the policy. */
export interface FileDemands {
  /** Fewest bytes. */
  readonly minBytes: number;
  /** Exactly as many bytes, where that matters. */
  readonly exactBytes?: number;
  /** Whether only huge pages will do. */
  readonly requireHugepages: boolean;
}

const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;
const OTHERS = 0o007;

/** Makes the refusal of a path or file. Paths stay out of it. */
export function refused(check: ShmCheck, why: string, cause?: unknown): NativeIoError {
  const options = { details: { check }, ...(cause === undefined ? {} : { cause }) };
  return new NativeIoError("native_io.shm_refused", `shared memory refused: ${why}`, options);
}

/**
 * Checks an opened file against the policy; returns nothing, or throws.
 *
 * @param self The user id of this process.
 * @throws {@link NativeIoError} `native_io.shm_refused`.
 */
export function checkFile(
  facts: FileFacts,
  demands: FileDemands,
  policy: ShmPolicy,
  self: number,
): void {
  const { owners = [self, 0], allowOthers = false } = policy;
  const { minBytes, exactBytes = facts.size } = demands;
  if ((facts.mode & TYPE_BITS) !== REGULAR) throw refused("regular", "not a regular file");
  if (owners !== "any" && !owners.includes(facts.owner)) {
    throw refused("owner", `it belongs to user ${facts.owner}`);
  }
  if (!allowOthers && (facts.mode & OTHERS) !== 0) {
    throw refused("others", `mode ${(facts.mode & 0o777).toString(8)} lets every user in`);
  }
  if (demands.requireHugepages && !facts.hugePages) {
    throw refused("hugepages", "not on a huge-page file system");
  }
  if (facts.size < minBytes) throw refused("size", `${facts.size} bytes, ${minBytes} needed`);
  if (facts.size !== exactBytes) {
    throw refused("size", `${facts.size} bytes, ${exactBytes} expected`);
  }
}

/** Turns the errno of an opening into the check that it stands for, or leaves it what it is. */
export function openError(operation: string, negativeErrno: number): NativeIoError {
  const error = systemError(operation, negativeErrno);
  const name = errnoName(negativeErrno);
  if (name === "ELOOP" || name === "EMLINK") {
    return refused("no_link", "a component of its path is a link", error);
  }
  // A folder, a socket, or a device without a driver.
  if (name === "EISDIR" || name === "ENXIO") return refused("regular", "not a regular file", error);
  return error;
}
