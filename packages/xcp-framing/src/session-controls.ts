import type { Clarifications } from "./clarifications.js";
import type { Inbound } from "./inbound.js";
import type { Lifecycle } from "./lifecycle.js";
import { sendRelease, sendUnsupported } from "./notices.js";
import type { OpenSession } from "./open-session.js";
import type { Pings } from "./pings.js";
import { sendAnswer, sendQuestion } from "./question-frames.js";
import { type NegotiableTerms, negotiateBody } from "./renegotiation.js";
import type { AnswerBody, QuestionBody } from "./session-commands.js";
import type { SessionCore } from "./session-core.js";
import type { AskedQuestion } from "./session-events.js";
import { MsgType } from "./wire/constants.js";
import type { Release, Unsupported } from "./wire/control.js";
import { encodeHello } from "./wire/hello.js";

/** What {@link SessionControls} speak for. */
export interface SessionControlsParts {
  readonly life: Lifecycle;
  readonly pings: Pings;
  readonly clarifications: Clarifications;
  /** What exists once the handshake is done. */
  machines(): OpenSession | undefined;
}

/** What the application says to the peer besides messages. spec/xcp.md §7, §8 */
export class SessionControls {
  readonly #core: SessionCore;
  readonly #parts: SessionControlsParts;

  constructor(core: SessionCore, parts: SessionControlsParts) {
    this.#core = core;
    this.#parts = parts;
  }

  /**
   * Asks the sender of `inbound` something; an event brings the answer.
   *
   * @throws XcpError `xcp.clarification_failed`
   */
  ask(nowUs: number, inbound: Inbound, question: QuestionBody): void {
    this.#begin(nowUs);
    sendQuestion(this.#core, this.#parts.clarifications, inbound, question);
  }

  /** Answers a question of the peer. */
  answer(nowUs: number, question: AskedQuestion, answer: AnswerBody): void {
    if (this.#isClosed) return;
    this.#core.nowUs = nowUs;
    sendAnswer(this.#core, question, answer);
  }

  /**
   * Measures the way to the peer and back; `ponged` brings the result for `owner`.
   *
   * @throws XcpError `xcp.busy` when too many wait already
   */
  ping(nowUs: number, owner: unknown): void {
    this.#begin(nowUs);
    this.#parts.pings.request(owner);
  }

  /**
   * Proposes other terms; `negotiated` or `commandFailed` tells `owner` the outcome.
   *
   * @throws XcpError when the terms go beyond the original agreement
   */
  negotiate(nowUs: number, terms: NegotiableTerms, owner: unknown): void {
    this.#begin(nowUs);
    const core = this.#core;
    const renegotiation = this.#parts.machines()?.renegotiation;
    if (renegotiation === undefined) return;
    const body = encodeHello(negotiateBody(terms), core.controlCodec);
    renegotiation.propose(core.memory.peekMsgId(), owner, terms);
    core.sendControl(MsgType.NEGOTIATE, body, { numbered: "numbered" });
  }

  /** Gives a lease back early. spec/xcp.md §16.3 */
  releaseLease(nowUs: number, release: Release, channelId: number): void {
    if (this.#isClosed) return;
    this.#core.nowUs = nowUs;
    sendRelease(this.#core, release, channelId);
  }

  /** Tells the peer in detail what about a message is not supported, beside the NACK. */
  unsupported(nowUs: number, body: Unsupported, channelId: number): void {
    if (this.#isClosed) return;
    this.#core.nowUs = nowUs;
    sendUnsupported(this.#core, body, channelId);
  }

  get #isClosed(): boolean {
    return this.#parts.life.kind === "closed";
  }

  #begin(nowUs: number): void {
    this.#core.nowUs = nowUs;
    this.#parts.life.requireOpen(this.#core.negotiated);
  }
}
