import type { WireError } from "@proj/wire-types";
import { Acknowledgements } from "./acknowledgements.js";
import type { DedupWindow } from "./dedup-window.js";
import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import { InOrderReplies } from "./in-order-replies.js";
import type { OutgoingMessage } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import type { Outcome } from "./outcome-store.js";
import { prepareTransfer } from "./outgoing.js";
import { refusalFrom } from "./refusal.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";
import { Flag, MsgType, ReservedTag } from "./wire/constants.js";
import { encodeAck } from "./wire/control.js";
import { type FrameHeader, tagValue } from "./wire/header.js";

/** What {@link Answers} work with. */
export interface AnswersParts {
  readonly sender: Sender;
  /** Which ids are known. */
  readonly window: DedupWindow;
  /** What the handshake agreed on. */
  readonly negotiated: Negotiated;
}

/**
 * What the peer is told about its messages: ACKs, replies and refusals, and the same once more when a copy comes.
 *
 * @see spec/xcp.md §5.1, §7, §10
 */
export class Answers {
  readonly #core: SessionCore;
  readonly #sender: Sender;
  readonly #window: DedupWindow;
  readonly #negotiated: Negotiated;
  readonly #acks = new Acknowledgements();
  readonly #inOrder = new InOrderReplies();

  constructor(core: SessionCore, parts: AnswersParts) {
    this.#core = core;
    this.#sender = parts.sender;
    this.#window = parts.window;
    this.#negotiated = parts.negotiated;
  }

  /** When ACKs must leave. */
  get dueUs(): number {
    return this.#acks.dueUs;
  }

  /** Whether ACKs wait. */
  get hasAcks(): boolean {
    return this.#acks.pending;
  }

  /** Keeps the place of the answer to a message that the application gets now, for profiles that need that. */
  keepPlace(inbound: Inbound): void {
    if (this.#core.legacy) inbound.slot = this.#inOrder.open();
  }

  /** Whether the sender of a message asked for an ACK. */
  wantsAck(header: FrameHeader, flags: number): boolean {
    // Legacy peers would take an ACK for the answer to something else.
    if (this.#core.legacy) return false;
    if ((flags & Flag.ACKREQ) !== 0) return true;
    return header.tags.length > 0 && tagValue(header.tags, ReservedTag.ACK) === "1";
  }

  /** ACKs a message, once, if its sender asked for that. */
  acknowledge(inbound: Inbound): void {
    const { msgId, channelId } = inbound.message;
    if (inbound.acked || !inbound.wantsAck || msgId === 0) return;
    inbound.acked = true;
    this.#acks.add(this.#core.nowUs, channelId, msgId);
  }

  /** ACKs a message that needs no more than that. */
  ack(header: FrameHeader): void {
    if (header.msgId === 0) return;
    this.#acks.add(this.#core.nowUs, header.channelId, header.msgId);
  }

  /** Queues the ACKs that wait. */
  flushAcks(): void {
    for (const { channelId, ids } of this.#acks.take()) {
      const [msgId = 0, ...moreIds] = ids;
      const payload = encodeAck({ msgId, moreIds }, this.#core.controlCodec);
      this.#core.sendControl(MsgType.ACK, payload, { channelId, inReplyTo: msgId });
    }
  }

  /**
   * Answers a message; `undefined` means that it needs no reply.
   *
   * @returns the reply on its way, whose streamed body the driver still has to hand over
   */
  reply(inbound: Inbound, message: OutgoingMessage | undefined): Transfer | undefined {
    let transfer: Transfer | undefined;
    try {
      if (message !== undefined && inbound.message.msgId !== 0) {
        transfer = this.#prepareReply(inbound.message, message, inbound.wireCodec);
      }
    } catch (error) {
      // Also what the application did wrong: its peer waits for an answer all the same.
      this.refuse(inbound, refusalFrom(error));
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
    this.#answer(inbound, () => this.#core.sendNack(inbound.message, error));
    this.#settle(inbound, { acked: inbound.acked, reply: undefined, refusal: error });
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
      !this.mayRunAgain(msgId);
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

  /** Whether a message that was completed runs again when it comes again: it was refused for now. */
  mayRunAgain(msgId: FrameHeader["msgId"]): boolean {
    return this.#core.memory.outcomes.isPostponed(msgId);
  }

  /** Answers a message whose id is not new. */
  answerKnown(
    header: FrameHeader,
    flags: number,
    verdict: "new" | "duplicate" | "tooOld" | "replay",
  ): void {
    if (verdict !== "duplicate") {
      this.#core.log.write("warn", "xcp.replay", { verdict }, header);
      if (verdict === "tooOld" && !this.wantsAck(header, flags)) return;
      this.refuseFrame(header, new XcpError("xcp.replay", `message ${header.msgId} is ${verdict}`));
      return;
    }
    this.#repeatOutcome(header);
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

  #repeatOutcome(header: FrameHeader): void {
    this.#core.traffic.duplicates++;
    const outcome = this.#core.memory.outcomes.get(header.msgId);
    if (outcome === undefined) return;
    const { refusal, reply } = outcome;
    if (refusal !== undefined) {
      this.answerInOrder(() => this.#core.sendNack(header, refusal));
      return;
    }
    if (outcome.acked) this.ack(header);
    if (reply === undefined) return;
    const transfer = this.#prepareAgain(header, reply);
    if (transfer !== undefined) this.answerInOrder(() => this.#sender.submitReply(transfer));
  }

  // A stored reply may not fit what was negotiated since.
  #prepareAgain(request: FrameHeader, reply: OutgoingMessage): Transfer | undefined {
    try {
      return this.#prepareReply(request, reply, request.bodyCodec);
    } catch (error) {
      if (error instanceof XcpError || error instanceof RangeError) return undefined;
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
