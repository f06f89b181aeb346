import type { NotifyEntry } from "../wire/notify-entry.js";
import type { PulledTransfer } from "../transfer/pulled-transfer.js";
import type { EngineContext } from "./context.js";
import type { Path } from "./path.js";
import type { PeerWorker } from "./peer-worker.js";

const VIOLATION_WINDOW_US = 10_000_000;
const MAX_VIOLATIONS = 3;
const MIN_ALLOWANCE = 2048;
const MAX_ALLOWANCE = 262_144;
const WEIGHED_PACKETS = 256;
const REORDER_PACKETS = 3;
const BAD_SHARE = 0.01;
const MAX_HALVINGS = 7;

/** What counts of an announcement. */
type Announced = Pick<NotifyEntry, "notifySeq" | "inlineBytes">;

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
  covers(nowUs: number, path: Path, entry: Announced): boolean {
    const inlineAfter = path.inlineReceived + entry.inlineBytes;
    if (entry.notifySeq < path.notifyGranted && inlineAfter <= path.inlineGranted) return true;
    this.#context.note("creditViolation", path);
    const recent = path.violationsUs.filter((atUs) => nowUs - atUs < VIOLATION_WINDOW_US);
    recent.push(nowUs);
    path.violationsUs = recent;
    if (recent.length >= MAX_VIOLATIONS) this.#violated(path);
    return false;
  }

  /** Counts the inline bytes of an announcement that was taken: its announcer did when it sent it first. */
  taken(path: Path, transfer: PulledTransfer): void {
    const bytes = transfer.inline?.length ?? 0;
    transfer.countedInline = bytes;
    path.inlineReceived += bytes;
    this.#context.counters.payloadReceived += bytes;
  }

  /** Counts an announcement that was not: both sides' sums stay the same, and its credit returns. */
  refused(path: Path, entry: Announced): void {
    path.inlineReceived += entry.inlineBytes;
    this.#left(path, entry.inlineBytes);
  }

  /**
   * Raises the peer's limits to what it may have now. They are absolute and never fall: under overload inline credit only
   * stops to grow.
   */
  grant(path: Path): void {
    const { config } = this.#context;
    path.notifyGranted = Math.max(path.notifyGranted, path.notifyFinished + config.notifyWindow);
    path.inlineGranted = Math.max(path.inlineGranted, path.inlineConsumed + this.allowance(path));
    path.creditDue = false;
  }

  /** Inline bytes that a peer may have on the way: its share of the pool, less while its packets are lost. */
  allowance(path: Path): number {
    const { config, activePaths, isOverloaded } = this.#context;
    if (isOverloaded) return 0;
    const share = config.inlinePoolBytes / Math.max(1, activePaths) / 2 ** path.inlineHalvings;
    return Math.min(MAX_ALLOWANCE, Math.max(MIN_ALLOWANCE, Math.floor(share)));
  }

  /** Looks, every 256 packets, how many of a peer's packets were lost and how many of its CONTROL packets marked. */
  weigh(path: Path, worker: PeerWorker): void {
    const span = worker.largest - worker.weighedLargest;
    if (span < WEIGHED_PACKETS) return;
    const arrived = worker.packetCount - worker.weighedPackets;
    const lost = Math.max(0, span - arrived - REORDER_PACKETS);
    const isBad = lost > BAD_SHARE * span || worker.controlMarks > BAD_SHARE * worker.controls;
    path.inlineHalvings = Math.min(
      MAX_HALVINGS,
      Math.max(0, path.inlineHalvings + (isBad ? 1 : -1)),
    );
    worker.weighedLargest = worker.largest;
    worker.weighedPackets = worker.packetCount;
    worker.controls = 0;
    worker.controlMarks = 0;
  }

  /** Counts an announcement that left the tables. Credit returns in steps, so that it does not cost a packet each. */
  finished(path: Path, transfer: PulledTransfer): void {
    this.#left(path, transfer.countedInline);
  }

  #left(path: Path, inlineBytes: number): void {
    const { config } = this.#context;
    path.notifyFinished += 1;
    path.inlineConsumed += inlineBytes;
    const notifyStep = path.notifyFinished + config.notifyWindow - path.notifyGranted;
    const inlineStep = path.inlineConsumed + config.inlineStartBytes - path.inlineGranted;
    if (notifyStep * 4 >= config.notifyWindow || inlineStep * 2 >= config.inlineStartBytes) {
      path.creditDue = true;
    }
  }
}
