import type { SendingSide } from "../../session/sending-side.js";

/** Encoded bytes that wait for streams, at least and at most. */
const LEAST_AHEAD_BYTES = 1_048_576;
const MOST_AHEAD_BYTES = 33_554_432;
/** Of what is read and not searched: it stays in the processor's cache until it is sent. */
const MOST_READ_AHEAD_BYTES = 8_388_608;
/** How long the streams can go on while encoders are busy: a worker that waits for a processor is no reason to stop. */
const AHEAD_SECONDS = 0.2;

/** Where units come from. */
export type MadeBy = "workers" | "here" | "file";

/**
 * Computes how many encoded bytes should wait for the streams of a session. What this thread makes `here`, which takes no time but to
 * be summed, is made shortly before it is sent: the processor then has it at hand the second time. What is only read from a `file`
 * waits for a disk at worst.
 */
export function aheadBytes(
  { storedUnitBytes, streamCount, unitBytes, rate }: SendingSide,
  madeBy: MadeBy,
): number {
  const least = Math.max(8 * unitBytes, LEAST_AHEAD_BYTES);
  const shortly = streamCount * storedUnitBytes;
  const inTime = AHEAD_SECONDS * rate.bandwidth;
  switch (madeBy) {
    case "here":
      return Math.max(least, Math.min(MOST_AHEAD_BYTES, shortly));
    case "file":
      return Math.max(least, Math.min(MOST_READ_AHEAD_BYTES, Math.max(shortly, inTime)));
    case "workers":
      return Math.max(least, Math.min(MOST_AHEAD_BYTES, inTime));
  }
}
