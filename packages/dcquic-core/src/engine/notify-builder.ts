import type { AnnouncedTransfer } from "../transfer/announced-transfer.js";
import { PRIORITIES } from "../sched/priority-queue.js";
import { FrameType, NotifyFlag, ResetCode, WireLimit } from "../wire/constants.js";
import { copyId, type Id64, id64 } from "../wire/id64.js";
import { encodeNotifyEntry, notifyEntry } from "../wire/notify-entry.js";
import { encodeFlowReset } from "../wire/transfer-frames.js";
import type { WireWriter } from "../wire/wire-writer.js";
import type { Announcer } from "./announcer.js";
import type { EngineContext } from "./context.js";
import { ENTRY_BYTES, ENTRY_DEP_BYTES } from "./entry-room.js";
import type { Path } from "./path.js";

const LEAST_URGENT = PRIORITIES - 1;

/**
 * Writes announcements, and what takes them back: those that are repeated first, then new ones by priority, as far as the
 * peer's limit goes.
 *
 * @see spec/dcquic.md §9.1, §11, §17.4
 */
export class NotifyBuilder {
  readonly #context: EngineContext;
  readonly #announcer: Announcer;
  readonly #entry = notifyEntry();

  /** Reports to `announcer` what is on the wire. */
  constructor(context: EngineContext, announcer: Announcer) {
    this.#context = context;
    this.#announcer = announcer;
  }

  /** Writes as many as fit into packet number `packet`. */
  build(nowUs: number, path: Path, packet: number, writer: WireWriter): void {
    const frameAt = writer.offset;
    writer.u8(FrameType.TransferNotify);
    writer.u8(0);
    let count = 0;
    const written: AnnouncedTransfer[] = [];
    while (count < WireLimit.maxEntries && !writer.overflowed) {
      const at = writer.offset;
      const transfer = this.#nextToAnnounce(path);
      if (transfer === undefined) break;
      this.#fill(path, transfer);
      encodeNotifyEntry(writer, this.#entry);
      if (writer.overflowed) {
        writer.rewind(at);
        break;
      }
      this.#take(path, transfer);
      written.push(transfer);
      count += 1;
    }
    if (count === 0) writer.rewind(frameAt);
    else writer.patchU8(frameAt + 1, count);
    for (const transfer of written) this.#announcer.announced(nowUs, path, transfer, packet);
    this.#voids(nowUs, path, packet, writer);
  }

  // The next one to announce stays where it is until it was written.
  #nextToAnnounce(path: Path): AnnouncedTransfer | undefined {
    for (
      let resend = path.outbox.resends.peek();
      resend !== undefined;
      resend = path.outbox.resends.peek()
    ) {
      // One that moved to another path is repeated there.
      const isOfPath = resend.path === path.id;
      if (isOfPath && resend.extras.voiding) return undefined;
      if (isOfPath && !resend.isOver) return resend;
      if (isOfPath) resend.ownExtras.resendQueued = false;
      path.outbox.resends.shift();
    }
    while (path.announceReady()) {
      const level = path.announceScheduler.select(path.announceQueue.occupied);
      const entry = this.#context.transfers.at(path.announceQueue.peek(level));
      const transfer = entry?.role === "announcer" ? entry : undefined;
      const isOfPath = transfer?.path === path.id && transfer.state === "queued";
      if (isOfPath && this.#announcer.isReady(path, transfer)) return transfer;
      path.announceQueue.shift(level);
    }
    return undefined;
  }

  #take(path: Path, transfer: AnnouncedTransfer): void {
    if (transfer.state !== "queued") {
      if (transfer.inline) this.#context.counters.payloadSent += transfer.totalBytes;
      transfer.ownExtras.resendQueued = false;
      path.outbox.resends.shift();
      return;
    }
    const { occupied } = path.announceQueue;
    path.announceQueue.shift(path.announceScheduler.select(occupied));
    path.announceScheduler.charge(transfer.level, WireLimit.maxEntryBytes, occupied);
    transfer.notifySeq = path.nextNotifySeq++;
    transfer.inline = (this.#entry.flags & NotifyFlag.Inline) !== 0;
    if (transfer.inline) {
      path.inlineSent += transfer.totalBytes;
      this.#context.counters.payloadSent += transfer.totalBytes;
    }
  }

  #fill(path: Path, transfer: AnnouncedTransfer): void {
    const entry = this.#entry;
    const { payload } = transfer;
    const isFirst = transfer.notifySeq < 0;
    const inline = isFirst ? this.#mayInline(path, transfer) : transfer.inline;
    if (isFirst) transfer.priority = toldPriority(path, transfer);
    entry.shape = transfer.shape;
    entry.flags = isFirst ? 0 : NotifyFlag.Retransmit;
    entry.priority = transfer.priority;
    entry.protection = 0;
    entry.recordLog2 = 0;
    entry.notifySeq = isFirst ? path.nextNotifySeq : transfer.notifySeq;
    copyId(entry.transferId, transfer.id);
    copyId(entry.streamId, transfer.streamId);
    entry.messageSeq = transfer.messageSeq;
    entry.totalBytes = transfer.totalBytes;
    if (transfer.token !== undefined) {
      entry.flags |= NotifyFlag.Token;
      copyId(entry.token, transfer.token);
    }
    const { origin } = transfer.extras;
    if (origin !== undefined) {
      entry.flags |= NotifyFlag.Moved;
      entry.movedWorker = origin.worker;
      entry.movedNotifySeq = origin.notifySeq;
      entry.movedCredentialId.set(origin.credentialId);
    }
    this.#fillDeps(transfer);
    if (transfer.meta.length > 0) {
      entry.flags |= NotifyFlag.Meta;
      entry.meta = transfer.meta;
    }
    if (inline && payload instanceof Uint8Array) {
      entry.flags |= NotifyFlag.Inline;
      entry.inline = payload;
      entry.inlineAt = 0;
      entry.inlineBytes = payload.length;
      return;
    }
    copyId(entry.bufferId, transfer.bufferId);
    entry.wireOffset = 0;
    entry.wireBytes = transfer.wireBytes;
    entry.binding.fill(0);
    this.#fillKeys(transfer);
    if (payload instanceof Uint8Array || payload.sealing === undefined) return;
    const { sealing } = payload;
    entry.protection = sealing.protection;
    entry.recordLog2 = sealing.recordLog2;
    entry.binding.set(sealing.binding);
    if (sealing.dataKey !== undefined) {
      entry.flags |= NotifyFlag.DataKey;
      entry.dataKey.set(sealing.dataKey);
      entry.messageNumber = sealing.messageNumber;
    }
  }

  #fillKeys({ begun }: AnnouncedTransfer): void {
    const rmaKeys = begun?.rmaKeys;
    if (rmaKeys === undefined || rmaKeys.length === 0) return;
    const entry = this.#entry;
    entry.flags |= NotifyFlag.Rma;
    entry.rmaCount = rmaKeys.length;
    for (const [i, { nic, provider, rkey, base }] of rmaKeys.entries()) {
      const into = entry.rma[i];
      if (into === undefined) break;
      into.nic = nic;
      into.provider = provider;
      copyId(into.rkey, rkey);
      copyId(into.base, base);
    }
  }

  #fillDeps(transfer: AnnouncedTransfer): void {
    const entry = this.#entry;
    entry.depCount = 0;
    const { after } = transfer.extras;
    if (after.length === 0) return;
    for (const { transfer: earlier, kind } of after.slice(0, WireLimit.maxDeps)) {
      const dep = entry.deps[entry.depCount];
      // A number means something on its own path only. What stayed behind when others moved is over, or taken back.
      if (dep === undefined || earlier.notifySeq < 0 || earlier.path !== transfer.path) continue;
      dep.worker = this.#context.config.worker;
      dep.notifySeq = earlier.notifySeq;
      dep.kind = kind;
      entry.depCount += 1;
    }
    if (entry.depCount > 0) entry.flags |= NotifyFlag.Deps;
  }

  #mayInline(path: Path, transfer: AnnouncedTransfer): boolean {
    const { payload } = transfer;
    if (!transfer.mayInline || !(payload instanceof Uint8Array)) return false;
    if (payload.length > this.#context.config.inlineMaxBytes) return false;
    const room = WireLimit.maxEntryBytes - ENTRY_BYTES - transfer.meta.length;
    if (payload.length > room - ENTRY_DEP_BYTES * transfer.extras.after.length) return false;
    if (path.inlineSent + payload.length <= path.inlineLimit) return true;
    this.#context.counters.inlineRefused += 1;
    return false;
  }

  #voids(nowUs: number, path: Path, packet: number, writer: WireWriter): void {
    for (
      let resend = path.outbox.resends.peek();
      resend?.extras.voiding === true;
      resend = path.outbox.resends.peek()
    ) {
      const at = writer.offset;
      writer.u8(FrameType.FlowReset);
      const { id, notifySeq } = resend;
      const addresseeId: Id64 = id64();
      encodeFlowReset(writer, { addresseeId, ownId: id, notifySeq, code: ResetCode.Cancelled });
      if (writer.overflowed) {
        writer.rewind(at);
        return;
      }
      path.outbox.resends.shift();
      resend.ownExtras.resendQueued = false;
      if (resend.state !== "failed") this.#announcer.voided(nowUs, path, resend, packet);
    }
  }
}

// Only what the peer is told is lowered: among own announcements each keeps the place it asked for, or those that are made once
// the peer is well again would overtake all that were made before.
function toldPriority({ health }: Path, { level }: AnnouncedTransfer): number {
  return health.state === "degraded" ? Math.min(LEAST_URGENT, level + 1) : level;
}
