import { type RandomSource, uniform } from "@proj/wire-types";

/** How long to wait between attempts. spec/xcp.md §10 */
export interface BackoffOptions {
  /** Longest wait of the first attempt; default 100. */
  readonly baseMs?: number;
  /** Longest wait of any attempt; default 30 000. */
  readonly capMs?: number;
  /** Shortest wait: the `retry_after_ms` of the NACK; default 0. */
  readonly floorMs?: number;
}

/**
 * Draws the wait in ms before attempt `attempt` (0, 1, …) is repeated: uniform(0, min(cap, base × 2^attempt)), "full
 * jitter".
 *
 * @see spec/xcp.md §10
 */
export function backoffMs(
  random: RandomSource,
  attempt: number,
  options: BackoffOptions = {},
): number {
  const { baseMs = 100, capMs = 30_000, floorMs = 0 } = options;
  return Math.max(floorMs, uniform(random) * Math.min(capMs, baseMs * 2 ** attempt));
}
