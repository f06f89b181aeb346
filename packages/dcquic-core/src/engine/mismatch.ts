import type { Tombstone } from "../transfer/tombstones.js";
import { NO_NOTIFY_SEQ, ResetCode } from "../wire/constants.js";
import { type Id64, id64 } from "../wire/id64.js";
import type { Path } from "./path.js";

const RESET_WINDOW_US = 1_000_000;
const MAX_RESETS = 1000;

/**
 * Answers a frame that names a transfer which does not match with FLOW_RESET; a thousand a second are enough for honest
 * mistakes.
 *
 * @see spec/dcquic.md §9.6
 */
export function answerMismatch(
  nowUs: number,
  path: Path,
  addresseeId: Id64,
  ownId: Id64,
  code: number,
): void {
  if (nowUs - path.resetsSinceUs >= RESET_WINDOW_US) {
    path.resetsSinceUs = nowUs;
    path.resetCount = 0;
  }
  path.resetCount += 1;
  if (path.resetCount > MAX_RESETS) return;
  path.outbox.resets.push({
    addresseeId: id64(addresseeId.hi, addresseeId.lo),
    ownId: id64(ownId.hi, ownId.lo),
    notifySeq: NO_NOTIFY_SEQ,
    code,
  });
}

/** Tells a peer that asks about a transfer which failed here; it would otherwise ask for ever. */
export function tellFailed(path: Path, tombstone: Tombstone): void {
  path.outbox.resets.push({
    addresseeId: tombstone.announcerId,
    ownId: tombstone.pullerId,
    notifySeq: NO_NOTIFY_SEQ,
    code: ResetCode.Cancelled,
  });
}
