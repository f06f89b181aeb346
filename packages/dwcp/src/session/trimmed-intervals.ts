import type { IntervalSet } from "@proj/wire-types";
import type { DwcpLimits } from "../limits.js";
import type { IntervalPair } from "../wire/transfer-messages.js";

/** The longest text of a pair: two numbers of 16 digits, with what JSON puts around them. */
const PAIR_BYTES = 36;
/** What an ACCEPT holds besides its intervals, at most. */
const OTHER_BYTES = 8_192;

/**
 * Lists what is held, the largest intervals of it where there are more than a message takes: the rest is sent again.
 *
 * @see spec/dwcp.md B4
 */
export function trimmedIntervals(
  held: IntervalSet,
  limits: Pick<DwcpLimits, "maxIntervals" | "maxControlBytes">,
): IntervalPair[] {
  const room = Math.floor(Math.max(0, limits.maxControlBytes - OTHER_BYTES) / PAIR_BYTES);
  const most = Math.min(limits.maxIntervals, room);
  const all: IntervalPair[] = Array.from({ length: held.count }, (_, i) => [
    held.start(i),
    held.end(i) - held.start(i),
  ]);
  if (all.length <= most) return all;
  const largest = all.toSorted((a, b) => b[1] - a[1]).slice(0, most);
  return largest.toSorted((a, b) => a[0] - b[0]);
}
