import { WireError, type WireErrorOptions } from "@proj/wire-types";
import { getSystemErrorName } from "node:util";

/** Why the machine did not give what was asked of it. */
export const NativeIoCodes = {
  "native_io.unsupported": { scope: "connection", retryable: false },
  "native_io.system": { scope: "connection", retryable: false },
  "native_io.closed": { scope: "connection", retryable: false },
  "native_io.main_thread": { scope: "message", retryable: false },
  "native_io.shm_refused": { scope: "connection", retryable: false },
  "native_io.no_space": { scope: "connection", retryable: true },
  "native_io.fault": { scope: "connection", retryable: false },
} as const;

/** One of {@link NativeIoCodes}. */
export type NativeIoCode = keyof typeof NativeIoCodes;

/** Every error that this package throws, apart from a caller's own misuse. */
export class NativeIoError extends WireError {
  /** Names the failure. */
  declare readonly code: NativeIoCode;

  /** `message` is for people and carries the numbers. */
  constructor(code: NativeIoCode, message: string, options?: WireErrorOptions) {
    super(code, NativeIoCodes[code], message, options);
  }
}

/**
 * Makes the error of a call that the operating system refused.
 *
 * `details.errno` is the name of the refusal, such as `EACCES`.
 *
 * @param operation What was tried, for people: `open`, `mmap`.
 * @param negativeErrno What the addon answered.
 */
export function systemError(operation: string, negativeErrno: number): NativeIoError {
  return refusedBySystem(operation, errnoName(negativeErrno));
}

/** Makes the same error of a refusal that is known by its name. */
export function refusedBySystem(operation: string, errno: string): NativeIoError {
  const code = errno === "ENOSPC" ? "native_io.no_space" : "native_io.system";
  return new NativeIoError(code, `${operation}: ${errno}`, { details: { operation, errno } });
}

/** Names a negative errno as C does: `EACCES` for -13. */
export function errnoName(negativeErrno: number): string {
  return negativeErrno < 0 ? getSystemErrorName(negativeErrno) : `errno ${negativeErrno}`;
}
