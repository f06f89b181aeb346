import type { WireError } from "@proj/wire-types";
import { refusalReason, seenCodec, unsupportedPart } from "./acceptance.js";
import { Acknowledgements } from "./acknowledgements.js";
import type { DedupWindow } from "./dedup-window.js";
import { XcpError } from "./errors.js";
import { Inbound } from "./inbound.js";
import { Ingress } from "./ingress.js";
import { InOrderReplies } from "./in-order-replies.js";
import type { IncomingMessage, OutgoingMessage } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import { sendUnsupported } from "./notices.js";
import type { Outcome } from "./outcome-store.js";
import { prepareTransfer } from "./outgoing.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";
import { Flag, MsgType, ReservedTag } from "./wire/constants.js";
import { encodeAck } from "./wire/control.js";
import { type FrameHeader, tagValue } from "./wire/header.js";

const NO_BYTES = new Uint8Array(0);

/** What a message is at its first chunk: a request, the reply to a transfer, or known, refused, or of no use. */
export type FirstLook = "request" | Transfer | "unwanted";

/**
 * The receiving half of an open session above frames: duplicates, acceptance, replies, ACKs and outcomes.
 *
 * @see spec/xcp.md §7, §10
 */
export class Inbox {
  readonly #core: SessionCore;
  readonly #sender: Sender;
  readonly #ingress: Ingress;
  readonly #acks = new Acknowledgements();
  readonly #inOrder = new InOrderReplies();
  readonly #negotiated: Negotiated;
  readonly #window: DedupWindow;
  /** Codecs that this end accepts. */
  codecs: readonly number[];
  /** Set once GOAWAY was sent: later messages than this are refused. */
  lastAccepted: FrameHeader["msgId"] | undefined;

  constructor(core: SessionCore, sender: Sender, negotiated: Negotiated) {
    this.#core = core;
    this.#sender = sender;
    this.#negotiated = negotiated;
    this.codecs = negotiated.codecs;
    this.#ingress = new Ingress({
      maxMessages: negotiated.receiveInflight,
      maxBytes: core.config.limits.maxQueuedBytes,
    });
    this.#window = core.memory.window(
      negotiated.dedupWindow,
      core.legacy ? Number.POSITIVE_INFINITY : undefined,
    );
  }

  /** Messages that the application works on. */
  get inflight(): number {
    return this.#ingress.messages;
  }

  /** Whether the application has as much as it may. */
  get full(): boolean {
    return this.#ingress.full;
  }

  /** When ACKs must leave. */
  get dueUs(): number {
    return this.#acks.dueUs;
  }

  /** Whether ACKs wait. */
  get hasAcks(): boolean {
    return this.#acks.pending;
  }

  /** Whether a numbered control frame is new; then it is not any more. */
  admitsControl(header: FrameHeader): boolean {
    if (header.msgId === 0) return true;
    if (this.#window.check(header.msgId) === "new") {
      this.#window.complete(header.msgId);
      return true;
    }
    this.#core.traffic.duplicates++;
    return false;
  }

  /** Takes a whole message. `stream` asks the driver whether it wants it in pieces. */
  deliver(
    header: FrameHeader,
    flags: number,
    body: Uint8Array,
    stream?: (header: FrameHeader) => unknown,
  ): void {
    const look = this.look(header, flags, body);
    if (look === "unwanted") return;
    const sink = stream?.(header);
    if (sink !== undefined) {
      this.#deliverToSink(this.begin(header, flags, body, look), header, sink);
      return;
    }
    if (look !== "request") {
      this.#noteComplete(header);
      if (this.#wantsAck(header, flags)) this.#ack(header);
      this.#sender.replied(look, this.#messageOf(header, body));
      return;
    }
    const inbound = this.begin(header, flags, body, look);
    if (!this.#enter(inbound, header, body.length)) return;
    this.#noteComplete(inbound.message);
    this.#core.events.push(inbound);
  }

  /** Decides about a message by its first header and, where it is whole, its body. Answers what is unwanted. */
  look(header: FrameHeader, flags: number, body: Uint8Array | undefined): FirstLook {
    const { msgId } = header;
    if (msgId !== 0) {
      const verdict = this.#window.check(msgId);
      if (verdict !== "new" && !(verdict === "duplicate" && this.#mayRunAgain(msgId))) {
        this.#answerKnown(header, flags, verdict);
        return "unwanted";
      }
      if (msgId > this.#core.lastReceivedId) this.#core.lastReceivedId = msgId;
    }
    if (header.inReplyTo !== 0) {
      const replyTo = this.#sender.awaiting(header.inReplyTo);
      if (replyTo !== undefined) return replyTo;
      // Late, after a timeout or a cancellation: nobody waits any more.
      this.#window.complete(msgId);
      if (this.#wantsAck(header, flags)) this.#ack(header);
      return "unwanted";
    }
    const reason = this.#reasonToRefuse(header, body ?? NO_BYTES);
    if (reason === undefined) return "request";
    this.refuseFrame(header, reason);
    this.#explain(header, reason);
    return "unwanted";
  }

  /** Makes the record of a message that is wanted. */
  begin(header: FrameHeader, flags: number, body: Uint8Array, look: "request" | Transfer): Inbound {
    const message = this.#messageOf(header, body);
    const inbound = new Inbound(message, header.bodyCodec, this.#wantsAck(header, flags));
    if (look !== "request") inbound.replyTo = look;
    return inbound;
  }

  /** A message that is streamed begins; `false` when there is no room for it, which was answered. */
  beginStream(inbound: Inbound, header: FrameHeader): boolean {
    return inbound.replyTo !== undefined || this.#enter(inbound, header, 0);
  }

  /** Counts bytes that the driver has of a streamed message; `false` when it has too many already. */
  hold(inbound: Inbound, bytes: number): boolean {
    if (!this.#ingress.hold(bytes)) return false;
    inbound.heldBytes += bytes;
    return true;
  }

  /** The driver is done with bytes of a streamed message. */
  release(inbound: Inbound, bytes: number): void {
    const released = Math.min(bytes, inbound.heldBytes);
    inbound.heldBytes -= released;
    this.#ingress.release(released);
  }

  /** The last byte of a streamed message came. */
  endStream(inbound: Inbound): void {
    this.#noteComplete(inbound.message);
    this.#endStream(inbound);
  }

  /** A streamed message will not be completed. */
  abortStream(inbound: Inbound, error: WireError): void {
    this.#leave(inbound);
    this.#core.events.push({ kind: "streamAborted", inbound, error });
  }

  /**
   * Answers a message; `undefined` means that it needs no reply.
   *
   * @returns the reply on its way, whose streamed body the driver still has to hand over
   */
  reply(inbound: Inbound, message: OutgoingMessage | undefined): Transfer | undefined {
    if (inbound.state === "done") return undefined;
    this.#leave(inbound);
    let transfer: Transfer | undefined;
    try {
      if (message !== undefined && inbound.message.msgId !== 0) {
        transfer = this.#prepareReply(inbound.message, message, inbound.wireCodec);
      }
    } catch (error) {
      if (!(error instanceof XcpError)) throw error;
      this.#settle(inbound, { acked: false, reply: undefined, refusal: error });
      this.#answer(inbound, () => this.#core.sendNack(inbound.message, error));
      return undefined;
    }
    if (inbound.wantsAck) this.acknowledge(inbound);
    const ready = transfer;
    if (inbound.slot !== undefined) {
      this.#answer(inbound, ready && (() => this.#sender.submitReply(ready)));
    } else if (ready !== undefined) this.#sender.submitReply(ready);
    if (this.#mayComeAgain(inbound)) {
      this.#settle(inbound, { acked: inbound.acked, reply: message, refusal: undefined });
    }
    return transfer;
  }

  /** Refuses a message that the application had. */
  refuse(inbound: Inbound, error: WireError): void {
    if (inbound.state === "done") return;
    this.#leave(inbound);
    this.#answer(inbound, () => this.#core.sendNack(inbound.message, error));
    this.#settle(inbound, { acked: inbound.acked, reply: undefined, refusal: error });
  }

  /** ACKs a message, once, if its sender asked for that. */
  acknowledge(inbound: Inbound): void {
    const { msgId, channelId } = inbound.message;
    if (inbound.acked || !inbound.wantsAck || msgId === 0) return;
    inbound.acked = true;
    this.#acks.add(this.#core.nowUs, channelId, msgId);
  }

  #ack(header: FrameHeader): void {
    if (header.msgId === 0) return;
    this.#acks.add(this.#core.nowUs, header.channelId, header.msgId);
  }

  /** Answers a message with what another one with the same key got; its handler need not go on. */
  supersede(inbound: Inbound, outcome: Outcome): void {
    if (inbound.state === "done") return;
    this.#core.events.push({ kind: "superseded", inbound });
    inbound.idempotencyKey = undefined;
    if (outcome.refusal !== undefined) this.refuse(inbound, outcome.refusal);
    else this.reply(inbound, outcome.reply);
  }

  /**
   * Answers a frame that cannot be used. If its message was completed already, a damaged copy says nothing new: the
   * stored outcome is repeated, as a NACK would make the sender believe that it never arrived.
   */
  refuseDamaged(header: FrameHeader, error: WireError): void {
    const { msgId } = header;
    const completed =
      msgId !== 0 &&
      header.msgType >= MsgType.DATA &&
      this.#window.check(msgId) === "duplicate" &&
      !this.#mayRunAgain(msgId);
    if (completed) this.#repeatOutcome(header);
    else this.refuseFrame(header, error);
  }

  /** Refuses a frame or message that never reached the application. */
  refuseFrame(header: FrameHeader, error: WireError): void {
    if (header.msgType === MsgType.NACK || header.msgId === 0) return;
    if (!error.retryable && error.code !== "xcp.replay" && header.msgType >= MsgType.DATA) {
      // A later copy of the same message gets the same answer.
      if (isVerified(error)) {
        this.#window.complete(header.msgId);
        this.#remember(header, { acked: false, reply: undefined, refusal: error });
      }
    }
    this.answerInOrder(() => this.#core.sendNack(header, error));
  }

  /** Sends an answer when those to earlier questions were sent, for profiles that need that. */
  answerInOrder(send: () => void): void {
    if (this.#core.legacy) this.#inOrder.fill(this.#inOrder.open(), send);
    else send();
  }

  /** Queues the ACKs that wait. */
  flushAcks(): void {
    for (const { channelId, ids } of this.#acks.take()) {
      const [msgId = 0, ...moreIds] = ids;
      const payload = encodeAck({ msgId, moreIds }, this.#core.controlCodec);
      this.#core.sendControl(MsgType.ACK, payload, { channelId, inReplyTo: msgId });
    }
  }

  #reasonToRefuse(header: FrameHeader, body: Uint8Array): XcpError | undefined {
    if (this.lastAccepted !== undefined && header.msgId > this.lastAccepted) {
      return new XcpError("xcp.going_away", "this connection takes no new messages");
    }
    return refusalReason(this.#core.config, this.#negotiated, this.codecs, header, body);
  }

  // After the NACK, which decides: what exactly is not supported, for peers that look. §7
  #explain(header: FrameHeader, reason: XcpError): void {
    const { msgId, channelId } = header;
    const part = unsupportedPart(header, reason);
    if (part === undefined || msgId === 0 || !this.#core.peerKnowsCodes) return;
    sendUnsupported(this.#core, { msgId, ...part }, channelId);
  }

  // Legacy peers would take an ACK for the answer to something else.
  #wantsAck(header: FrameHeader, flags: number): boolean {
    if (this.#core.legacy) return false;
    if ((flags & Flag.ACKREQ) !== 0) return true;
    return header.tags.length > 0 && tagValue(header.tags, ReservedTag.ACK) === "1";
  }

  #enter(inbound: Inbound, header: FrameHeader, bytes: number): boolean {
    if (this.#ingress.enter(bytes) === "busy") {
      const held = this.#ingress.messages;
      this.refuseFrame(header, new XcpError("xcp.busy", `${held} messages are being worked on`));
      return false;
    }
    inbound.heldBytes = bytes;
    if (this.#core.legacy) inbound.slot = this.#inOrder.open();
    return true;
  }

  #deliverToSink(inbound: Inbound, header: FrameHeader, sink: unknown): void {
    const { body } = inbound.message;
    inbound.sink = sink;
    if (inbound.replyTo !== undefined) this.hold(inbound, body.length);
    else if (!this.#enter(inbound, header, body.length)) return;
    this.#noteComplete(header);
    this.#core.events.push({ kind: "chunkReceived", inbound, bytes: body });
    this.#endStream(inbound);
  }

  #messageOf(header: FrameHeader, body: Uint8Array): IncomingMessage {
    return {
      channelId: header.channelId,
      msgType: header.msgType,
      bodyCodec: seenCodec(this.#negotiated, header, body),
      schemaKey: header.schemaKey,
      msgId: header.msgId,
      inReplyTo: header.inReplyTo,
      tags: header.tags,
      body,
    };
  }

  #noteComplete(message: {
    readonly msgId: FrameHeader["msgId"];
    readonly bodyCodec: number;
  }): void {
    if (message.msgId !== 0) {
      this.#window.complete(message.msgId);
      this.#core.memory.outcomes.running(message.msgId);
    }
    this.#core.traffic.received.countMessage(message.bodyCodec);
  }

  #endStream(inbound: Inbound): void {
    this.#core.events.push({ kind: "streamEnded", inbound });
    if (inbound.replyTo === undefined) return;
    inbound.state = "done";
    if (inbound.wantsAck) this.acknowledge(inbound);
    this.#sender.replied(inbound.replyTo, inbound.message);
  }

  #leave(inbound: Inbound): void {
    const entered = inbound.state !== "done" && inbound.replyTo === undefined;
    inbound.state = "done";
    if (entered) this.#ingress.leave(inbound.heldBytes);
    else this.#ingress.release(inbound.heldBytes);
    inbound.heldBytes = 0;
  }

  #settle(inbound: Inbound, outcome: Outcome): void {
    this.#remember(inbound.message, outcome);
    const key = inbound.idempotencyKey;
    if (key === undefined) return;
    const { idempotency } = this.#core.memory;
    const waiters =
      outcome.refusal?.retryable === true
        ? idempotency.abandon(key)
        : idempotency.finish(this.#core.nowUs, key, repeatable(outcome), keptBytes(outcome));
    for (const waiter of waiters) waiter(outcome);
  }

  #remember(about: { readonly msgId: FrameHeader["msgId"] }, outcome: Outcome): void {
    if (about.msgId !== 0) this.#core.memory.outcomes.record(about.msgId, outcome);
  }

  #answer(inbound: Inbound, send: (() => void) | undefined): void {
    if (inbound.slot === undefined) send?.();
    else this.#inOrder.fill(inbound.slot, send);
  }

  #prepareReply(
    request: { readonly channelId: number; readonly msgId: FrameHeader["msgId"] },
    message: OutgoingMessage,
    requestCodec: number,
  ): Transfer {
    const negotiated = this.#core.negotiated ?? this.#negotiated;
    return prepareTransfer(this.#core, negotiated, message, {
      channelId: request.channelId,
      inReplyTo: request.msgId,
      requestCodec,
      wants: "nothing",
      acknowledge: false,
      deadlineUs: Number.POSITIVE_INFINITY,
      maxAttempts: this.#core.config.limits.maxAttempts,
      maxPayload: this.#sender.maxPayload,
    });
  }

  // Keeping a reply costs memory, and its promotion by the garbage collector more than that: it is kept where the sender
  // repeats messages, because it asked for an ACK or resumes its session.
  #mayComeAgain(inbound: Inbound): boolean {
    return (
      inbound.wantsAck ||
      inbound.idempotencyKey !== undefined ||
      this.#core.memory.sessionId !== undefined
    );
  }

  // A message that was refused for now runs again when it comes again.
  #mayRunAgain(msgId: FrameHeader["msgId"]): boolean {
    return this.#core.memory.outcomes.isPostponed(msgId);
  }

  #answerKnown(
    header: FrameHeader,
    flags: number,
    verdict: "new" | "duplicate" | "tooOld" | "replay",
  ): void {
    if (verdict !== "duplicate") {
      this.#core.log.write("warn", "xcp.replay", { verdict }, header);
      if (verdict === "tooOld" && !this.#wantsAck(header, flags)) return;
      this.refuseFrame(header, new XcpError("xcp.replay", `message ${header.msgId} is ${verdict}`));
      return;
    }
    this.#repeatOutcome(header);
  }

  #repeatOutcome(header: FrameHeader): void {
    this.#core.traffic.duplicates++;
    const outcome = this.#core.memory.outcomes.get(header.msgId);
    if (outcome === undefined) return;
    const { refusal, reply } = outcome;
    if (refusal !== undefined) {
      this.answerInOrder(() => this.#core.sendNack(header, refusal));
      return;
    }
    if (outcome.acked) this.#ack(header);
    if (reply === undefined) return;
    const transfer = this.#prepareAgain(header, reply);
    if (transfer !== undefined) this.answerInOrder(() => this.#sender.submitReply(transfer));
  }

  // A stored reply may not fit what was negotiated since.
  #prepareAgain(request: FrameHeader, reply: OutgoingMessage): Transfer | undefined {
    try {
      return this.#prepareReply(request, reply, request.bodyCodec);
    } catch (error) {
      if (error instanceof XcpError) return undefined;
      throw error;
    }
  }
}

// Errors of the frame itself say nothing about the message: its id may be damaged too.
function isVerified(error: WireError): boolean {
  return error.code !== "xcp.decrypt_failed" && error.code !== "xcp.crc_mismatch";
}

// A streamed result is gone when it was sent.
function repeatable(outcome: Outcome): Outcome {
  if (outcome.reply === undefined || outcome.reply.body instanceof Uint8Array) return outcome;
  const refusal = new XcpError("xcp.app", "the task ran, and its streamed result was not kept");
  return { acked: outcome.acked, reply: undefined, refusal };
}

function keptBytes(outcome: Outcome): number {
  return outcome.reply?.body instanceof Uint8Array ? outcome.reply.body.buffer.byteLength : 0;
}
