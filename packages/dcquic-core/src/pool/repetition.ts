import type { RandomSource } from "@proj/wire-types";
import { Status } from "../engine/status.js";
import type { CallOptions } from "./call-options.js";

const DEFAULT_RETRIES = 4;
const FIRST_BACKOFF_US = 5000;
// State that was lost with the peer's process, or the own worker that served it; or a peer that did not answer on the path to
// one worker, and may on the next.
const PATH_LOST: ReadonlySet<number> = new Set([
  Status.PeerStateLost,
  Status.LocalResource,
  Status.PeerFailed,
]);

/** Whether a call that was not answered may be repeated after it ended with `status`, having been so `retries` times. D-30 */
export function mayRepeatAfter(
  status: number,
  retries: number,
  { idempotent, maxRetries }: Pick<CallOptions, "idempotent" | "maxRetries">,
): boolean {
  if (retries >= (maxRetries ?? DEFAULT_RETRIES)) return false;
  return status === Status.Overloaded || (idempotent === true && PATH_LOST.has(status));
}

/** How long a call waits before it is repeated for the first time, the second time and so on, each by itself; µs. */
export function backoffUs(retries: number, random: RandomSource): number {
  const jitter = 0.5 + (random.fill(new Uint8Array(1))[0] ?? 0) / 256;
  return FIRST_BACKOFF_US * 2 ** retries * jitter;
}
