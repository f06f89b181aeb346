import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { type EngineContext, TimerKind } from "./context.js";
import type { Path } from "./path.js";

const REORDER_PACKETS = 3;
const ASK_AFTER_US = 1_000_000;

/**
 * Has announcements repeated that were not answered: when their timer runs out, or when later ones were answered first.
 *
 * @see spec/dcquic.md §13, §13.2
 */
export class Resending {
  readonly #context: EngineContext;

  /** Works on what `context` holds. */
  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Asks a puller that takes its time whether it still knows of the transfer, now and then. */
  askLater(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    const deadline = nowUs + Math.max(ASK_AFTER_US, 8 * path.rtt.backedOffPtoUs);
    const { timer, id } = transfer;
    transfer.timer = this.#context.arm(timer, deadline, TimerKind.Announcer, id.lo);
  }

  /**
   * The answer is late. A peer that reported later packets, or this one, has nothing of it: it is asked again. One that did not
   * has received nothing, or waits for a processor and has all of it: one question, the latest, finds out for all others.
   */
  late(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    const isPassed = path.congestion.reported >= transfer.sentInPacket;
    if (isPassed || path.unanswered.last === transfer) return this.again(path, transfer);
    transfer.ownExtras.isOverdue = true;
    this.#await(nowUs, path, transfer);
  }

  /**
   * Finds lost what was sent more than three packets before an answered announcement, and is unanswered: where its answer is
   * late already, any packet before. §13.2
   */
  infer(nowUs: number, path: Path, answered: AnnouncedTransfer): void {
    const { srttUs } = path.rtt;
    // No iterator: this happens for every answer, and ends at once for nearly all.
    for (let older = path.unanswered.first; older !== undefined; older = older.next) {
      const lead = older.extras.isOverdue ? 0 : REORDER_PACKETS;
      if (older.sentInPacket >= answered.sentInPacket - lead) return;
      if (older.sentUs > answered.sentUs - srttUs / 8) return;
      if (nowUs - older.extras.resentUs < srttUs) continue;
      older.ownExtras.resentUs = nowUs;
      this.#queue(path, older, "announcementsRepeatedFast");
    }
  }

  /** Notes that an announcement, or what takes it back, is on the wire. */
  sent(nowUs: number, path: Path, transfer: AnnouncedTransfer, packetNumber: number): void {
    if (transfer.state === "serving") return;
    transfer.sentUs = nowUs;
    transfer.sentInPacket = packetNumber;
    if (transfer.extras.isOverdue) transfer.ownExtras.isOverdue = false;
    path.unanswered.delete(transfer);
    path.unanswered.add(transfer);
    this.#await(nowUs, path, transfer);
  }

  /** Has the announcement, or what takes it back, sent again because its timer ran out. */
  again(path: Path, transfer: AnnouncedTransfer): void {
    this.#queue(path, transfer, "announcementsRepeatedTimer");
  }

  /** Has an announcement taken back that is on the wire. */
  takeBack(path: Path, transfer: AnnouncedTransfer): void {
    this.#queue(path, transfer, undefined);
  }

  #queue(
    path: Path,
    transfer: AnnouncedTransfer,
    counter: "announcementsRepeatedTimer" | "announcementsRepeatedFast" | undefined,
  ): void {
    const extras = transfer.ownExtras;
    if (extras.resendQueued) return;
    extras.resendQueued = true;
    if (counter !== undefined) this.#context.counters[counter] += 1;
    path.outbox.resends.push(transfer);
    this.#context.dirty.add(path);
  }

  #await(nowUs: number, path: Path, transfer: AnnouncedTransfer): void {
    const deadline = nowUs + path.rtt.backedOffPtoUs;
    const { timer, id } = transfer;
    transfer.timer = this.#context.arm(timer, deadline, TimerKind.Announcer, id.lo);
  }
}
