import { XcpError } from "./errors.js";
import type { Keepalive } from "./keepalive.js";
import { QuestionIntake, type QuestionTargets } from "./question-intake.js";
import { errorOfRefusal } from "./refusal.js";
import { negotiateBody, type Renegotiation, type Terms } from "./renegotiation.js";
import type { SessionCore } from "./session-core.js";
import { controlCodecOf } from "./control-codec.js";
import { MsgType } from "./wire/constants.js";
import {
  decodeAck,
  decodeErrorBody,
  decodeGoaway,
  decodeNack,
  decodePing,
  decodeRelease,
  decodeUnsupported,
} from "./wire/control.js";
import { type FrameHeader, NO_TAGS } from "./wire/header.js";
import { decodeHello, encodeHello } from "./wire/hello.js";

const MAX_PING_BYTES = 65_536;

/** The machines a control frame may concern. */
export interface ControlTargets extends QuestionTargets {
  readonly keepalive: Keepalive;
  readonly renegotiation: Renegotiation;
  /** New terms are in force, because this end answered or because its proposal was answered. */
  applyTerms(terms: Terms, as: "answerer" | "proposer"): void;
  /** The peer takes no new requests. */
  peerGoingAway(): void;
}

/**
 * Understands the control frames of an open session and tells the machine that each one concerns. spec/xcp.md §7, §8
 */
export class ControlPlane {
  readonly #core: SessionCore;
  readonly #to: ControlTargets;
  readonly #questions: QuestionIntake;

  constructor(core: SessionCore, targets: ControlTargets) {
    this.#core = core;
    this.#to = targets;
    this.#questions = new QuestionIntake(core, targets);
  }

  /** Takes one decrypted control frame. A body that cannot be read is refused; the session goes on. */
  receive(header: FrameHeader, payload: Uint8Array): void {
    try {
      this.#dispatch(header, payload);
    } catch (error) {
      if (!(error instanceof XcpError)) throw error;
      if (error.scope === "connection") this.#core.fail(error);
      else this.#to.inbox.answers.refuseFrame(header, error);
    }
  }

  #dispatch(header: FrameHeader, payload: Uint8Array): void {
    switch (header.msgType) {
      case MsgType.HELLO:
      case MsgType.CAPS:
        throw new XcpError("xcp.hello_expected", "a second handshake in an open session");
      case MsgType.ACK:
        this.#ack(header, payload);
        return;
      case MsgType.NACK:
        this.#nack(header, payload);
        return;
      case MsgType.PING:
        this.#ping(header, payload);
        return;
      case MsgType.PONG:
        this.#pong(header, payload);
        return;
      case MsgType.CLARIFY_REQ:
        this.#questions.clarifyReq(header, payload);
        return;
      case MsgType.CLARIFY_RES:
        this.#questions.clarifyRes(header, payload);
        return;
      case MsgType.CONFIRM_REQ:
        this.#questions.confirmReq(header, payload);
        return;
      case MsgType.CONFIRM_RES:
        this.#questions.confirmRes(header, payload);
        return;
      case MsgType.NEGOTIATE:
        this.#negotiate(header, payload);
        return;
      case MsgType.UNSUPPORTED:
        this.#unsupported(header, payload);
        return;
      case MsgType.ERROR:
        this.#error(header, payload);
        return;
      case MsgType.GOAWAY:
        decodeGoaway(payload, controlCodecOf(header));
        this.#to.peerGoingAway();
        return;
      case MsgType.RELEASE:
        this.#core.events.push({
          kind: "leaseReleased",
          release: decodeRelease(payload, controlCodecOf(header)),
        });
        return;
      default:
        throw new XcpError("xcp.msgtype_unknown", `control type ${header.msgType}`);
    }
  }

  #ack(header: FrameHeader, payload: Uint8Array): void {
    const ack = decodeAck(payload, controlCodecOf(header));
    this.#to.sender.acknowledged(ack.msgId);
    for (const id of ack.moreIds ?? []) this.#to.sender.acknowledged(id);
  }

  #nack(header: FrameHeader, payload: Uint8Array): void {
    const nack = decodeNack(payload, controlCodecOf(header));
    const error = errorOfRefusal(nack.errorCode, nack.detail, nack.retryAfterMs);
    this.#core.traffic.received.countError(nack.errorCode);
    const about = { channelId: header.channelId, msgId: nack.msgId };
    const tags = this.#to.sender.pending(nack.msgId)?.tags ?? NO_TAGS;
    const facts = { code: error.code, error_code: nack.errorCode };
    this.#core.log.write("info", "xcp.nack_received", facts, { ...about, tags });
    if (this.#to.sender.refused(nack.msgId, error, nack.retryAfterMs ?? 0)) return;
    const question = this.#to.clarifications.take(nack.msgId);
    if (question !== undefined) {
      this.#core.events.push({ kind: "questionFailed", inbound: question.inbound, error });
      return;
    }
    const proposal = this.#to.renegotiation.refused(nack.msgId);
    if (proposal !== undefined) {
      this.#core.events.push({ kind: "commandFailed", owner: proposal.owner, error });
    }
  }

  #ping(header: FrameHeader, payload: Uint8Array): void {
    if (payload.length > MAX_PING_BYTES) {
      throw new XcpError("xcp.message_too_large", `PING of ${payload.length} bytes`);
    }
    this.#to.inbox.answers.answerInOrder(() =>
      this.#core.sendControl(MsgType.PONG, payload, {
        channelId: header.channelId,
        inReplyTo: header.msgId,
        bodyCodec: header.bodyCodec,
      }),
    );
  }

  #pong(header: FrameHeader, payload: Uint8Array): void {
    const { nonce } = decodePing(payload, controlCodecOf(header));
    const answered = this.#to.keepalive.pong(this.#core.nowUs, nonce);
    if (answered?.owner !== undefined) {
      this.#core.events.push({ kind: "ponged", owner: answered.owner, rttUs: answered.rttUs });
    }
  }

  #negotiate(header: FrameHeader, payload: Uint8Array): void {
    const negotiated = this.#core.negotiated;
    if (negotiated === undefined) return;
    const codec = controlCodecOf(header);
    const body = decodeHello(payload, codec);
    if (header.inReplyTo !== 0) {
      const settled = this.#to.renegotiation.settle(header.inReplyTo, body, negotiated);
      if (settled === undefined) return;
      this.#to.applyTerms(settled.terms, "proposer");
      this.#core.events.push({ kind: "negotiated", ...settled });
      return;
    }
    // Without an id the proposal cannot be answered, so it never takes effect.
    if (header.msgId === 0) return;
    const terms = this.#to.renegotiation.answer(body, negotiated);
    this.#to.inbox.answers.answerInOrder(() => {
      const answer = encodeHello(negotiateBody(terms), this.#core.controlCodec);
      this.#core.sendControl(MsgType.NEGOTIATE, answer, { inReplyTo: header.msgId });
      this.#to.applyTerms(terms, "answerer");
    });
  }

  #unsupported(header: FrameHeader, payload: Uint8Array): void {
    const body = decodeUnsupported(payload, controlCodecOf(header));
    const code =
      (body.kindId ?? 0) !== 0
        ? "xcp.kind_mismatch"
        : (body.msgType ?? 0) !== 0
          ? "xcp.msgtype_unknown"
          : "xcp.codec_unsupported";
    const error = new XcpError(code, `the peer does not support message ${body.msgId}`, {
      details: { codec: body.codec, msg_type: body.msgType, kind_id: body.kindId },
    });
    this.#to.sender.refused(body.msgId, error, 0);
  }

  #error(header: FrameHeader, payload: Uint8Array): void {
    const body = decodeErrorBody(payload, controlCodecOf(header));
    const error = errorOfRefusal(body.errorCode, body.detail, undefined);
    this.#core.traffic.received.countError(body.errorCode);
    this.#core.failSilently(error);
  }
}
