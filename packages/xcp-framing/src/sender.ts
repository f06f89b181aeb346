import type { WireError } from "@proj/wire-types";
import { Admission } from "./admission.js";
import { BodySource } from "./body-source.js";
import { XcpError } from "./errors.js";
import type { FrameSealer } from "./frame-cipher.js";
import type { FrameWriter } from "./frame-writer.js";
import type { IncomingMessage } from "./message.js";
import { Repeater } from "./repeater.js";
import { RequestTable } from "./request-table.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";
import { Settlement } from "./settlement.js";
import { TransferFrames } from "./transfer-frames.js";
import type { MsgId } from "./wire/header.js";

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
  readonly #frames: TransferFrames;
  readonly #admission: Admission;
  readonly #settlement: Settlement;
  readonly #repeater: Repeater;

  constructor(core: SessionCore, writer: FrameWriter) {
    this.#core = core;
    this.#writer = writer;
    this.#frames = new TransferFrames(core, writer);
    this.#admission = new Admission(core, this.#table);
    this.#settlement = new Settlement(core, this.#table);
    this.#repeater = new Repeater(core, {
      table: this.#table,
      frames: this.#frames,
      settlement: this.#settlement,
      cancel: (transfer, error) => this.cancel(transfer, error),
    });
  }

  /** Begins to send messages under the agreed terms. */
  open(sealer: FrameSealer | undefined): void {
    const negotiated = this.#core.negotiated;
    if (negotiated === undefined) return;
    this.#frames.seal(sealer);
    this.#table.limit = negotiated.sendInflight;
    this.setMaxFrameBytes(negotiated.maxFrameBytes);
  }

  /** Takes over changed terms. */
  setMaxFrameBytes(maxFrameBytes: number): void {
    this.#frames.setMaxFrameBytes(maxFrameBytes);
  }

  /** Largest payload of one frame before encryption. */
  get maxPayload(): number {
    return this.#frames.maxPayload;
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
    return this.#admission.hasAdmissible;
  }

  /** A moment before which no deadline falls. */
  get dueUs(): number {
    return this.#table.earliestUs;
  }

  /** Epoch of the sending keys. */
  get epoch(): number {
    return this.#frames.epoch ?? 0;
  }

  /**
   * Accepts a transfer.
   *
   * @throws XcpError `xcp.busy` when as many as may be unanswered wait already
   */
  submit(transfer: Transfer, msgId?: number): void {
    this.#admission.submit(transfer, msgId);
  }

  /** Accepts a reply: it waits for no one, because the request it answers was counted. */
  submitReply(transfer: Transfer): void {
    this.#admission.submitReply(transfer);
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
    this.#settlement.fail(transfer, error);
  }

  /** The peer ACKed a message. */
  acknowledged(msgId: MsgId): void {
    const transfer = this.#table.get(msgId);
    if (transfer === undefined) return;
    transfer.acked = true;
    transfer.ackDueUs = undefined;
    if (transfer.expects === "ack") this.#settlement.succeed(transfer);
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
    this.#settlement.complete(transfer, reply);
  }

  /** The peer refused a message: it is sent again later, or fails. `false` when the message is not known any more. */
  refused(msgId: MsgId, error: XcpError, retryAfterMs: number): boolean {
    const transfer = this.#find(msgId);
    if (transfer !== undefined) {
      this.#repeater.retryOrFail(transfer, error, { cause: "refused", retryAfterMs });
      return true;
    }
    return this.#repeater.resendReply(msgId, error);
  }

  /**
   * The peer refused a message, but its NACK was damaged on the way: the message is sent again, so that the peer says it
   * once more, or runs it if it was refused for now.
   */
  refusalLost(msgId: MsgId, error: XcpError): void {
    const transfer = this.#table.get(msgId);
    if (transfer === undefined) return;
    this.#repeater.retryOrFail(transfer, error, { cause: "unanswered", retryAfterMs: 0 });
  }

  /** Fails what waits for the peer to say something, because it will not. */
  failAwaiting(error: WireError): void {
    for (const transfer of this.#table.all()) this.cancel(transfer, error);
  }

  /** Fails everything, when the session ends. */
  failAll(error: WireError): void {
    for (const transfer of this.#core.outbox.transfers()) this.#settlement.fail(transfer, error);
    for (const transfer of this.#table.all()) this.#settlement.fail(transfer, error);
  }

  /** Erases the keys. */
  erase(): void {
    this.#frames.erase();
  }

  /** Does what is due: deadlines, retries, missing ACKs. */
  tick(): void {
    const nowUs = this.#core.nowUs;
    if (nowUs < this.#table.earliestUs) return;
    this.#table.resetWatch();
    for (const transfer of this.#table.all()) this.#repeater.checkDue(transfer);
    for (const transfer of Array.from(this.#core.outbox.transfers())) {
      if (transfer.expects === "written") this.#repeater.checkDue(transfer);
    }
  }

  /**
   * Puts frames into the writer until it holds `budgetBytes` or nothing is ready.
   */
  fill(budgetBytes: number): void {
    const { outbox, traffic, nowUs } = this.#core;
    this.#admission.admitWaiting();
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

  #sendFrame(transfer: Transfer): void {
    if (transfer.aborting) {
      this.#frames.abort(transfer);
      transfer.state = transfer.settled ? "done" : "resting";
      if (!transfer.settled) this.#table.watch(transfer.retryAtUs);
    } else if (this.#frames.next(transfer) === "finished") this.#finish(transfer);
    else if (!(transfer.body instanceof Uint8Array)) {
      this.#core.events.push({ kind: "bodyWanted", transfer });
    }
  }

  // The whole message is on its way.
  #finish(transfer: Transfer): void {
    const nowUs = this.#core.nowUs;
    transfer.state = "sent";
    transfer.attempts++;
    this.#core.traffic.sent.countMessage(transfer.bodyCodec);
    if (transfer.expects === "written") {
      if (transfer.inReplyTo === 0 || !transfer.repeatable) this.#settlement.succeed(transfer);
      else {
        // Nobody waits for a reply to be written, but its peer may want it again.
        this.#settlement.settle(transfer);
        this.#repeater.keepReply(transfer);
      }
    } else if (transfer.expects !== "reply" && !transfer.acked) {
      transfer.ackDueUs = nowUs + this.#core.config.limits.ackTimeoutMs * 1000;
      this.#table.watch(transfer.ackDueUs);
    }
  }

  #find(msgId: MsgId): Transfer | undefined {
    const pending = this.#table.get(msgId);
    if (pending !== undefined) return pending;
    for (const transfer of this.#core.outbox.transfers()) {
      if (transfer.msgId === msgId && !transfer.settled) return transfer;
    }
    return undefined;
  }
}
