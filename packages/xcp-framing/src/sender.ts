import type { WireError } from "@proj/wire-types";
import { BodySource } from "./body-source.js";
import { XcpError } from "./errors.js";
import type { FrameSealer } from "./frame-cipher.js";
import type { FrameWriter } from "./frame-writer.js";
import type { IncomingMessage } from "./message.js";
import { RecentReplies } from "./recent-replies.js";
import { repeatMode, retryDelayUs } from "./retransmission.js";
import { RequestTable } from "./request-table.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";
import { Flag, MsgType, ReservedTag, TAG_BYTES } from "./wire/constants.js";
import { type FrameHeader, type MsgId, NO_TAGS, type Tag } from "./wire/header.js";

const ABORT_TAGS: readonly Tag[] = Object.freeze([{ key: ReservedTag.ABORT, val: "1" }]);
const NO_BYTES = new Uint8Array(0);
// Codes that say something about a copy on its way. Every other one says that the peer knows the message and refused it.
const DAMAGE: ReadonlySet<string> = new Set([
  "xcp.crc_mismatch",
  "xcp.decrypt_failed",
  "xcp.key_expired",
  "xcp.chunk_state",
  "xcp.chunk_timeout",
]);

/**
 * The sending half of an open session: what leaves when, in which frames, and what became of it.
 *
 * Transfers are admitted while the peer's `max_inflight` and this end's queue allow; see {@link Transfer} for their states.
 *
 * @see spec/xcp.md §7, §10, §11.3
 */
export class Sender {
  readonly #core: SessionCore;
  readonly #table = new RequestTable();
  readonly #writer: FrameWriter;
  #sealer: FrameSealer | undefined;
  readonly #recentReplies = new RecentReplies();
  #epoch = 0;
  #maxPayload = 0;

  constructor(core: SessionCore, writer: FrameWriter) {
    this.#core = core;
    this.#writer = writer;
  }

  /** Begins to send messages under the agreed terms. */
  open(sealer: FrameSealer | undefined): void {
    const negotiated = this.#core.negotiated;
    if (negotiated === undefined) return;
    this.#sealer = sealer;
    this.#writer.sealer = sealer;
    this.#table.limit = negotiated.sendInflight;
    this.setMaxFrameBytes(negotiated.maxFrameBytes);
  }

  /** Takes over changed terms. Encrypted messages travel in smaller frames: the peer opens one while the next is sealed. */
  setMaxFrameBytes(maxFrameBytes: number): void {
    const { sealedFrameBytes } = this.#core.config.limits;
    this.#maxPayload =
      this.#sealer === undefined
        ? maxFrameBytes
        : Math.min(maxFrameBytes, sealedFrameBytes) - TAG_BYTES;
  }

  /** Largest payload of one frame before encryption. */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** Unanswered messages of this end. */
  get inflight(): number {
    return this.#table.inflight;
  }

  /** Whether anything of this end is unfinished. */
  get busy(): boolean {
    return this.#table.inflight > 0 || this.#table.waiting > 0 || !this.#core.outbox.empty;
  }

  /** Whether a transfer that waits may be admitted now. */
  get hasAdmissible(): boolean {
    return (
      this.#table.hasAdmissible &&
      this.#core.outbox.queuedBytes < this.#core.config.limits.maxQueuedBytes
    );
  }

  /** A moment before which no deadline falls. */
  get dueUs(): number {
    return this.#table.earliestUs;
  }

  /** Epoch of the sending keys. */
  get epoch(): number {
    return this.#sealer?.epoch ?? 0;
  }

  /**
   * Accepts a transfer.
   *
   * @throws XcpError `xcp.busy` when as many as may be unanswered wait already
   */
  submit(transfer: Transfer, msgId?: number): void {
    const { outbox, config } = this.#core;
    if (this.#table.waiting >= config.limits.maxInflight) {
      throw new XcpError("xcp.busy", `${this.#table.waiting} messages wait to be sent`);
    }
    transfer.msgId = msgId ?? this.#core.memory.takeMsgId();
    transfer.maybeCompleted = msgId !== undefined;
    transfer.startedUs = this.#core.nowUs;
    this.#table.watch(transfer.deadlineUs);
    if (this.#table.hasRoom && outbox.queuedBytes < config.limits.maxQueuedBytes) {
      this.#admit(transfer);
    } else this.#table.enqueue(transfer);
  }

  /** Accepts a reply: it waits for no one, because the request it answers was counted. */
  submitReply(transfer: Transfer): void {
    transfer.msgId = this.#core.memory.takeMsgId();
    transfer.startedUs = this.#core.nowUs;
    this.#table.watch(transfer.deadlineUs);
    this.#admit(transfer);
  }

  /** More of a streamed body. */
  pushBody(transfer: Transfer, piece: Uint8Array): void {
    if (transfer.settled || !(transfer.body instanceof BodySource)) return;
    transfer.body.push(piece);
    const max = this.#core.negotiated?.maxMessageBytes ?? 0;
    if (transfer.body.totalBytes > max) {
      this.cancel(
        transfer,
        new XcpError("xcp.message_too_large", `streamed body exceeds ${max} bytes`),
      );
    } else if (transfer.state === "queued") this.#core.outbox.refill(transfer, piece.length);
  }

  /** The streamed body is complete. */
  endBody(transfer: Transfer): void {
    if (transfer.settled || !(transfer.body instanceof BodySource)) return;
    transfer.body.end();
    if (transfer.state === "queued") this.#core.outbox.refill(transfer, 0);
  }

  /** Gives a transfer up: an unfinished chunk train is aborted on the wire. */
  cancel(transfer: Transfer, error: WireError): void {
    if (transfer.settled) return;
    if (transfer.state === "queued") this.#core.outbox.remove(transfer);
    this.#fail(transfer, error);
  }

  /** The peer ACKed a message. */
  acknowledged(msgId: MsgId): void {
    const transfer = this.#table.get(msgId);
    if (transfer === undefined) return;
    transfer.acked = true;
    transfer.ackDueUs = undefined;
    if (transfer.expects === "ack") this.#succeed(transfer);
    else if (transfer.reply !== undefined) this.replied(transfer, transfer.reply);
  }

  /** The peer is busy with a message, so its ACK may take longer. */
  postponeAck(transfer: Transfer): void {
    if (transfer.ackDueUs === undefined) return;
    const { clarificationDeadlineMs, ackTimeoutMs } = this.#core.config.limits;
    transfer.ackDueUs = this.#core.nowUs + (clarificationDeadlineMs + ackTimeoutMs) * 1000;
    this.#table.watch(transfer.ackDueUs);
  }

  /** The transfer that a reply with this `inReplyTo` answers. */
  awaiting(inReplyTo: MsgId): Transfer | undefined {
    const transfer = this.#table.get(inReplyTo);
    return transfer?.expects === "reply" || transfer?.expects === "replyAndAck"
      ? transfer
      : undefined;
  }

  /** The unanswered transfer with this id. */
  pending(msgId: MsgId): Transfer | undefined {
    return this.#table.get(msgId);
  }

  /** The reply of a transfer arrived. */
  replied(transfer: Transfer, reply: IncomingMessage): void {
    if (transfer.settled) return;
    if (transfer.expects === "replyAndAck" && !transfer.acked) {
      transfer.reply = reply;
      return;
    }
    this.#complete(transfer, reply);
  }

  /** The peer refused a message: it is sent again later, or fails. `false` when the message is not known any more. */
  refused(msgId: MsgId, error: XcpError, retryAfterMs: number): boolean {
    const transfer = this.#find(msgId);
    if (transfer !== undefined) {
      this.#retryOrFail(transfer, error, { cause: "refused", retryAfterMs });
      return true;
    }
    return this.#resendReply(msgId, error);
  }

  /**
   * The peer refused a message, but its NACK was damaged on the way: the message is sent again, so that the peer says it
   * once more, or runs it if it was refused for now.
   */
  refusalLost(msgId: MsgId, error: XcpError): void {
    const transfer = this.#table.get(msgId);
    if (transfer === undefined) return;
    this.#retryOrFail(transfer, error, { cause: "unanswered", retryAfterMs: 0 });
  }

  /** Fails what waits for the peer to say something, because it will not. */
  failAwaiting(error: WireError): void {
    for (const transfer of this.#table.all()) this.cancel(transfer, error);
  }

  /** Fails everything, when the session ends. */
  failAll(error: WireError): void {
    for (const transfer of this.#core.outbox.transfers()) this.#fail(transfer, error);
    for (const transfer of this.#table.all()) this.#fail(transfer, error);
  }

  /** Erases the keys. */
  erase(): void {
    this.#sealer?.erase();
  }

  /** Does what is due: deadlines, retries, missing ACKs. */
  tick(): void {
    const nowUs = this.#core.nowUs;
    if (nowUs < this.#table.earliestUs) return;
    this.#table.resetWatch();
    for (const transfer of this.#table.all()) this.#checkDue(transfer, nowUs);
    for (const transfer of Array.from(this.#core.outbox.transfers())) {
      if (transfer.expects === "written") this.#checkDue(transfer, nowUs);
    }
  }

  /**
   * Puts frames into the writer until it holds `budgetBytes` or nothing is ready.
   */
  fill(budgetBytes: number): void {
    const { outbox, traffic, nowUs } = this.#core;
    while (this.hasAdmissible) this.#admitWaiting();
    while (this.#writer.pendingBytes < budgetBytes) {
      const before = this.#writer.pendingBytes;
      const control = outbox.shiftControl();
      if (control !== undefined) {
        this.#writer.append(nowUs, 0, control.header, control.payload, 0);
      } else {
        const transfer = outbox.current();
        if (transfer !== undefined) this.#sendFrame(transfer);
        else return;
      }
      traffic.sent.frames++;
      traffic.sent.bytes += this.#writer.pendingBytes - before;
    }
  }

  #admit(transfer: Transfer): void {
    if (transfer.expects !== "written") this.#table.admit(transfer);
    this.#core.outbox.push(transfer);
  }

  #admitWaiting(): void {
    const next = this.#table.nextWaiting();
    if (next !== undefined) this.#admit(next);
  }

  #sendFrame(transfer: Transfer): void {
    const { outbox } = this.#core;
    if (transfer.aborting) {
      this.#sendAbort(transfer);
      return;
    }
    if (transfer.sealed !== undefined && transfer.epoch === this.epoch) {
      this.#writer.appendParts([transfer.sealed]);
      outbox.advance(transfer.remainingBytes, "finished");
      this.#finish(transfer);
      return;
    }
    const remaining = transfer.remainingBytes;
    const body = transfer.body;
    let last: boolean;
    let payload: Uint8Array;
    if (body instanceof Uint8Array) {
      last = remaining <= this.#maxPayload;
      payload =
        last && transfer.offset === 0
          ? body
          : body.subarray(
              transfer.offset,
              transfer.offset + chunkBytes(remaining, this.#maxPayload),
            );
    } else {
      last = body.endsWithin(this.#maxPayload);
      payload = body.take(this.#maxPayload);
    }
    const index = transfer.chunkIndex++;
    const header = index === 0 ? transfer : continuationHeader(transfer, NO_TAGS);
    const flags = last ? transfer.flags : transfer.flags | Flag.MORE;
    const sealed = this.#writer.append(this.#core.nowUs, flags, header, payload, index);
    if (sealed !== undefined) {
      this.#noteSealed(transfer, sealed, last && index === 0 ? "whole" : "part");
    }
    transfer.offset += payload.length;
    if (transfer.msgType === MsgType.DATA) {
      this.#core.traffic.sent.countData(transfer.bodyCodec, payload.length);
    }
    outbox.advance(payload.length, last ? "finished" : "more");
    if (last) this.#finish(transfer);
    else if (!(body instanceof Uint8Array)) {
      this.#core.events.push({ kind: "bodyWanted", transfer });
    }
  }

  #noteSealed(transfer: Transfer, sealed: Uint8Array, frame: "whole" | "part"): void {
    const epoch = this.epoch;
    transfer.epoch = epoch;
    transfer.sealed = frame === "whole" ? sealed : undefined;
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#core.log.write("info", "xcp.rekey", { direction: "sent", epoch });
  }

  // The whole message is on its way.
  #finish(transfer: Transfer): void {
    const nowUs = this.#core.nowUs;
    transfer.state = "sent";
    transfer.attempts++;
    this.#core.traffic.sent.countMessage(transfer.bodyCodec);
    if (transfer.expects === "written") {
      if (transfer.inReplyTo === 0 || !transfer.repeatable) this.#succeed(transfer);
      else {
        // Nobody waits for a reply to be written, but its peer may want it again.
        this.#settle(transfer);
        this.#recentReplies.add(transfer);
      }
    } else if (transfer.expects !== "reply" && !transfer.acked) {
      transfer.ackDueUs = nowUs + this.#core.config.limits.ackTimeoutMs * 1000;
      this.#table.watch(transfer.ackDueUs);
    }
  }

  #sendAbort(transfer: Transfer): void {
    const header = continuationHeader(transfer, ABORT_TAGS);
    const flags = transfer.flags & Flag.COMP;
    const { chunkIndex } = transfer;
    const sealed = this.#writer.append(this.#core.nowUs, flags, header, NO_BYTES, chunkIndex);
    if (sealed !== undefined) this.#noteSealed(transfer, sealed, "part");
    this.#core.outbox.advance(0, "finished");
    this.#core.log.write("info", "xcp.chunk_abort", { chunks: transfer.chunkIndex }, transfer);
    transfer.state = transfer.settled ? "done" : "resting";
    if (!transfer.settled) this.#table.watch(transfer.retryAtUs);
  }

  #checkDue(transfer: Transfer, nowUs: number): void {
    if (transfer.settled) return;
    if (nowUs >= transfer.deadlineUs) {
      const waitedMs = Math.round((nowUs - transfer.startedUs) / 1000);
      this.cancel(transfer, new XcpError("xcp.timeout", `no outcome within ${waitedMs} ms`));
      return;
    }
    this.#table.watch(transfer.deadlineUs);
    if (transfer.state === "resting") {
      if (nowUs >= transfer.retryAtUs) this.#repeat(transfer);
      else this.#table.watch(transfer.retryAtUs);
    } else if (transfer.ackDueUs !== undefined) {
      if (nowUs >= transfer.ackDueUs) this.#ackMissing(transfer);
      else this.#table.watch(transfer.ackDueUs);
    }
  }

  #ackMissing(transfer: Transfer): void {
    transfer.ackDueUs = undefined;
    const error = new XcpError(
      "xcp.timeout",
      `no ACK within ${this.#core.config.limits.ackTimeoutMs} ms`,
    );
    this.#retryOrFail(transfer, error, { cause: "unanswered", retryAfterMs: 0 });
  }

  #retryOrFail(
    transfer: Transfer,
    error: XcpError,
    how: { readonly cause: "refused" | "unanswered"; readonly retryAfterMs: number },
  ): void {
    if (transfer.settled || transfer.state === "resting" || transfer.aborting) return;
    const inTrain = transfer.state === "queued" && this.#core.outbox.remove(transfer) === "inTrain";
    const delayUs = retryDelayUs(
      transfer,
      { retryable: error.retryable, retryAfterMs: how.retryAfterMs },
      this.#core.config.platform.random,
    );
    if (how.cause === "unanswered") transfer.maybeCompleted = true;
    else if (!DAMAGE.has(error.code)) transfer.maybeCompleted = false;
    if (delayUs === undefined) {
      // A reply shows that the message arrived, even if its ACK never will.
      if (transfer.reply === undefined) this.#fail(transfer, error);
      else this.#complete(transfer, transfer.reply);
      return;
    }
    transfer.retryAtUs = this.#core.nowUs + delayUs;
    if (inTrain) return;
    transfer.state = "resting";
    this.#table.watch(transfer.retryAtUs);
  }

  #repeat(transfer: Transfer): void {
    transfer.rewind();
    switch (repeatMode(transfer, this.#sealer?.epoch)) {
      case "newId":
        this.#table.rename(transfer, this.#core.memory.takeMsgId());
        // A reply is settled when it was written: nobody minds its id.
        if (!transfer.settled) this.#core.events.push({ kind: "renumbered", transfer });
        break;
      case "newEpoch":
        this.#sealer?.rotate(this.#core.nowUs);
        break;
      case "plain":
      case "identical":
    }
    this.#core.traffic.retransmissions++;
    this.#core.log.write("info", "xcp.retransmit", { attempt: transfer.attempts }, transfer);
    this.#core.outbox.push(transfer);
  }

  #complete(transfer: Transfer, reply: IncomingMessage): void {
    if (transfer.state === "queued") this.#core.outbox.remove(transfer);
    this.#settle(transfer);
    this.#core.events.push({ kind: "replied", transfer, reply });
  }

  #find(msgId: MsgId): Transfer | undefined {
    const pending = this.#table.get(msgId);
    if (pending !== undefined) return pending;
    for (const transfer of this.#core.outbox.transfers()) {
      if (transfer.msgId === msgId && !transfer.settled) return transfer;
    }
    return undefined;
  }

  // A reply is settled when it is written; one that was damaged on the way is written again.
  #resendReply(msgId: MsgId, error: XcpError): boolean {
    const transfer = this.#recentReplies.take(msgId);
    if (transfer === undefined) return false;
    if (!error.retryable || transfer.attempts >= transfer.maxAttempts) return true;
    this.#repeat(transfer);
    return true;
  }

  #succeed(transfer: Transfer): void {
    if (transfer.settled) return;
    this.#settle(transfer);
    this.#core.events.push({ kind: "delivered", transfer });
  }

  #fail(transfer: Transfer, error: WireError): void {
    if (transfer.settled) return;
    this.#settle(transfer);
    this.#core.events.push({ kind: "failed", transfer, error });
  }

  #settle(transfer: Transfer): void {
    transfer.settled = true;
    this.#table.remove(transfer);
    if (!transfer.aborting) transfer.state = "done";
  }
}

// Chunks of one size: a message that is a little too long for one frame becomes two halves, not a frame and a crumb.
function chunkBytes(remaining: number, most: number): number {
  return Math.ceil(remaining / Math.ceil(remaining / most));
}

function continuationHeader(transfer: Transfer, tags: readonly Tag[]): FrameHeader {
  return {
    channelId: transfer.channelId,
    msgType: transfer.msgType,
    bodyCodec: transfer.bodyCodec,
    schemaKey: transfer.schemaKey,
    msgId: transfer.msgId,
    inReplyTo: transfer.inReplyTo,
    tags,
  };
}
