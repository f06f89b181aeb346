import type { RandomSource } from "@proj/wire-types";
import { backoffMs } from "./backoff.js";
import type { Transfer } from "./transfer.js";

/** Why a message may have to be sent again. */
export interface RetryCause {
  /** Whether the code is marked R, or an ACK is missing. */
  readonly retryable: boolean;
  /** The NACK's `retry_after_ms`. */
  readonly retryAfterMs: number;
}

/**
 * Decides when to send a message again: microseconds from now, or `undefined` to give up.
 *
 * @see spec/xcp.md §10
 */
export function retryDelayUs(
  transfer: Transfer,
  cause: RetryCause,
  random: RandomSource,
): number | undefined {
  if (!cause.retryable || !transfer.repeatable || transfer.expects === "written") return undefined;
  const attempts = Math.max(1, transfer.attempts);
  if (attempts >= transfer.maxAttempts) return undefined;
  return backoffMs(random, attempts - 1, { floorMs: cause.retryAfterMs }) * 1000;
}

/**
 * Chooses how a message may be repeated under encryption, where one (id, channel, chunk) triple may only ever encrypt one
 * plaintext in an epoch.
 *
 * - `plain`: encode it again; without keys, or in an epoch that never saw the id;
 * - `identical`: write the sealed bytes again;
 * - `newId`: the peer refused it, so it never completed and may have another id;
 * - `newEpoch`: it may have been completed, so that another id could deliver it twice.
 *
 * @param epoch That of the next frame; `undefined` without keys.
 * @see spec/xcp.md §12
 */
export function repeatMode(
  transfer: Transfer,
  epoch: number | undefined,
): "plain" | "identical" | "newId" | "newEpoch" {
  if (epoch === undefined || transfer.epoch !== epoch) return "plain";
  if (transfer.sealed !== undefined) return "identical";
  return transfer.maybeCompleted ? "newEpoch" : "newId";
}
