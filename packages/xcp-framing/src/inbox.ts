import type { WireError } from "@proj/wire-types";
import { refusalReason, seenCodec, unsupportedPart } from "./acceptance.js";
import { Answers } from "./answers.js";
import type { DedupWindow } from "./dedup-window.js";
import { XcpError } from "./errors.js";
import { Inbound } from "./inbound.js";
import { Ingress } from "./ingress.js";
import type { IncomingMessage, OutgoingMessage } from "./message.js";
import type { Negotiated } from "./negotiated.js";
import { sendUnsupported } from "./notices.js";
import type { Outcome } from "./outcome-store.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { Transfer } from "./transfer.js";
import type { FrameHeader } from "./wire/header.js";

const NO_BYTES = new Uint8Array(0);

/** What a message is at its first chunk: a request, the reply to a transfer, or known, refused, or of no use. */
export type FirstLook = "request" | Transfer | "unwanted";

/**
 * The receiving half of an open session above frames: which messages are new, wanted and have room, and who gets them.
 *
 * @see spec/xcp.md §7, §10
 */
export class Inbox {
  readonly #core: SessionCore;
  readonly #sender: Sender;
  readonly #ingress: Ingress;
  readonly #negotiated: Negotiated;
  readonly #window: DedupWindow;
  /** What the peer is told about its messages. */
  readonly answers: Answers;
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
    this.answers = new Answers(core, { sender, window: this.#window, negotiated });
  }

  /** Messages that the application works on. */
  get inflight(): number {
    return this.#ingress.messages;
  }

  /** Whether the application has as much as it may. */
  get full(): boolean {
    return this.#ingress.full;
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
      if (this.answers.wantsAck(header, flags)) this.answers.ack(header);
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
      if (verdict !== "new" && !(verdict === "duplicate" && this.answers.mayRunAgain(msgId))) {
        this.answers.answerKnown(header, flags, verdict);
        return "unwanted";
      }
      if (msgId > this.#core.lastReceivedId) this.#core.lastReceivedId = msgId;
    }
    if (header.inReplyTo !== 0) {
      const replyTo = this.#sender.awaiting(header.inReplyTo);
      if (replyTo !== undefined) return replyTo;
      // Late, after a timeout or a cancellation: nobody waits any more.
      this.#window.complete(msgId);
      if (this.answers.wantsAck(header, flags)) this.answers.ack(header);
      return "unwanted";
    }
    const reason = this.#reasonToRefuse(header, body ?? NO_BYTES);
    if (reason === undefined) return "request";
    this.answers.refuseFrame(header, reason);
    this.#explain(header, reason);
    return "unwanted";
  }

  /** Makes the record of a message that is wanted. */
  begin(header: FrameHeader, flags: number, body: Uint8Array, look: "request" | Transfer): Inbound {
    const message = this.#messageOf(header, body);
    const inbound = new Inbound(message, header.bodyCodec, this.answers.wantsAck(header, flags));
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
    return this.answers.reply(inbound, message);
  }

  /** Refuses a message that the application had. */
  refuse(inbound: Inbound, error: WireError): void {
    if (inbound.state === "done") return;
    this.#leave(inbound);
    this.answers.refuse(inbound, error);
  }

  /** Answers a message with what another one with the same key got; its handler need not go on. */
  supersede(inbound: Inbound, outcome: Outcome): void {
    if (inbound.state === "done") return;
    this.#core.events.push({ kind: "superseded", inbound });
    inbound.idempotencyKey = undefined;
    if (outcome.refusal !== undefined) this.refuse(inbound, outcome.refusal);
    else this.reply(inbound, outcome.reply);
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

  #enter(inbound: Inbound, header: FrameHeader, bytes: number): boolean {
    if (this.#ingress.enter(bytes) === "busy") {
      const held = this.#ingress.messages;
      this.answers.refuseFrame(
        header,
        new XcpError("xcp.busy", `${held} messages are being worked on`),
      );
      return false;
    }
    inbound.heldBytes = bytes;
    this.answers.keepPlace(inbound);
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
    if (inbound.wantsAck) this.answers.acknowledge(inbound);
    this.#sender.replied(inbound.replyTo, inbound.message);
  }

  #leave(inbound: Inbound): void {
    const entered = inbound.state !== "done" && inbound.replyTo === undefined;
    inbound.state = "done";
    if (entered) this.#ingress.leave(inbound.heldBytes);
    else this.#ingress.release(inbound.heldBytes);
    inbound.heldBytes = 0;
  }
}
