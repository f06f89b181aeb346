import { isMainThread } from "node:worker_threads";
import { NativeIoError } from "../errors.js";

/**
 * Checks that this thread may block, and for how long.
 *
 * @throws {@link NativeIoError} `native_io.main_thread`.
 * @throws RangeError for a time that is no number or lies in the past.
 */
export function checkWait(timeoutMs: number): void {
  if (!(timeoutMs >= 0)) throw new RangeError(`${timeoutMs} ms is not a time to wait`);
  if (isMainThread) {
    throw new NativeIoError("native_io.main_thread", "waiting would stop the event loop");
  }
}
