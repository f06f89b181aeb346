import type { SendingSide } from "../../session/sending-side.js";

/** Encoded bytes that wait for streams, at least and at most. */
const LEAST_AHEAD_BYTES = 1_048_576;
const MOST_AHEAD_BYTES = 33_554_432;
/** How long the streams can go on while encoders are busy: a worker that waits for a processor is no reason to stop. */
const AHEAD_SECONDS = 0.2;

/**
 * Computes how many encoded bytes should wait for the streams of a session. What this thread makes `here`, which takes no time but to
 * be summed, is made shortly before it is sent: the processor then has it at hand the second time.
 */
export function aheadBytes(
  { storedUnitBytes, streamCount, unitBytes, rate }: SendingSide,
  madeBy: "workers" | "here",
): number {
  const ahead = madeBy === "here" ? streamCount * storedUnitBytes : AHEAD_SECONDS * rate.bandwidth;
  return Math.max(8 * unitBytes, LEAST_AHEAD_BYTES, Math.min(MOST_AHEAD_BYTES, ahead));
}
