import { NotifyFlag } from "../wire/constants.js";
import type { NotifyEntry } from "../wire/notify-entry.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";

const VIOLATION_WINDOW_US = 10_000_000;
const MAX_VIOLATIONS = 3;

/**
 * Holds a peer to the credit it was given, and gives it back as its announcements are finished.
 *
 * @see spec/dcquic.md §11
 */
export class CreditKeeper {
  readonly #context: EngineContext;
  readonly #violated: (path: Path) => void;

  /** `violated` is called for a path whose peer exceeded its credit three times in ten seconds. */
  constructor(context: EngineContext, violated: (path: Path) => void) {
    this.#context = context;
    this.#violated = violated;
  }

  /** Whether an announcement is within the peer's limits; counts it if not. */
  covers(nowUs: number, path: Path, entry: NotifyEntry): boolean {
    const inlineBytes = (entry.flags & NotifyFlag.Inline) === 0 ? 0 : entry.inline.length;
    const inlineAfter = path.inlineReceived + inlineBytes;
    if (entry.notifySeq < path.notifyGranted && inlineAfter <= path.inlineGranted) return true;
    this.#context.note("creditViolation", path);
    path.violationsUs.push(nowUs);
    const recent = path.violationsUs.filter((atUs) => nowUs - atUs < VIOLATION_WINDOW_US);
    path.violationsUs.splice(0, path.violationsUs.length, ...recent);
    if (recent.length >= MAX_VIOLATIONS) this.#violated(path);
    return false;
  }

  /** Counts an announcement that left the tables. Credit returns in steps, so that it does not cost a packet each. */
  finished(path: Path, transfer: PulledTransfer): void {
    const { config } = this.#context;
    path.notifyFinished += 1;
    path.inlineConsumed += transfer.inline?.length ?? 0;
    const notifyStep = path.notifyFinished + config.notifyWindow - path.notifyGranted;
    const inlineStep = path.inlineConsumed + config.inlineStartBytes - path.inlineGranted;
    if (notifyStep * 4 >= config.notifyWindow || inlineStep * 2 >= config.inlineStartBytes) {
      path.creditDue = true;
    }
  }
}
