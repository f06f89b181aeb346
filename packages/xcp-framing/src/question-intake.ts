import type { Clarifications, Question } from "./clarifications.js";
import { controlCodecOf } from "./control-codec.js";
import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import type { Inbox } from "./inbox.js";
import type { Sender } from "./sender.js";
import type { SessionCore } from "./session-core.js";
import type { AskedQuestion } from "./session-events.js";
import {
  decodeClarifyReq,
  decodeClarifyRes,
  decodeConfirmReq,
  decodeConfirmRes,
  Decision,
} from "./wire/control.js";
import type { FrameHeader, MsgId } from "./wire/header.js";

/** The machines that questions and their answers concern. */
export interface QuestionTargets {
  readonly inbox: Inbox;
  readonly sender: Sender;
  readonly clarifications: Clarifications;
  /** Something was queued outside a call of the driver: it should look. */
  wake(): void;
}

/** Understands the frames of clarification and confirmation, those that ask and those that answer. spec/xcp.md §8 */
export class QuestionIntake {
  readonly #core: SessionCore;
  readonly #to: QuestionTargets;

  constructor(core: SessionCore, targets: QuestionTargets) {
    this.#core = core;
    this.#to = targets;
  }

  /** The peer asks for values of one of this end's messages. */
  clarifyReq(header: FrameHeader, payload: Uint8Array): void {
    const request = decodeClarifyReq(payload, controlCodecOf(header));
    const question = this.#asked(header, request.msgId);
    this.#core.events.push({ kind: "clarifyAsked", question, request });
  }

  /** The peer asks whether to go ahead with one of this end's messages. */
  confirmReq(header: FrameHeader, payload: Uint8Array): void {
    const request = decodeConfirmReq(payload, controlCodecOf(header));
    const question = this.#asked(header, request.msgId);
    this.#core.events.push({ kind: "confirmAsked", question, request });
  }

  // A question about a message of ours that waits for its outcome; each may be asked a few.
  #asked(header: FrameHeader, about: MsgId): AskedQuestion {
    const transfer = this.#to.sender.pending(about);
    const most = this.#core.config.limits.maxClarificationRounds + 1;
    if (transfer === undefined || transfer.questions >= most || header.msgId === 0) {
      throw new XcpError(
        "xcp.clarification_failed",
        transfer === undefined ? `no message ${about} waits` : `more than ${most} questions`,
      );
    }
    transfer.questions++;
    // The peer has the message: its ACK may take as long as the answer.
    this.#to.sender.postponeAck(transfer);
    this.#core.log.write("info", "xcp.clarify", { direction: "received" }, transfer);
    return { channelId: header.channelId, msgId: header.msgId, about };
  }

  /** The peer answers a CLARIFY_REQ of this end. */
  clarifyRes(header: FrameHeader, payload: Uint8Array): void {
    const response = decodeClarifyRes(payload, controlCodecOf(header));
    const question = this.#to.clarifications.take(header.inReplyTo, "clarify");
    if (question === undefined) return;
    const { inbound } = question;
    if (response.declined) {
      this.#questionFailed(question, "xcp.clarification_declined", "the sender declined");
    } else if (this.#mayRun(question, response.idempotencyKey)) {
      this.#core.events.push({ kind: "clarified", inbound, response });
    }
  }

  // Whether the task is to run for this message; if not, it gets the outcome of the one that runs or ran. §8
  #mayRun(question: Question, key: string | undefined): boolean {
    const { inbound } = question;
    if (key === undefined || key === "" || inbound.idempotencyKey !== undefined) return true;
    const entry = this.#core.memory.idempotency.enter(this.#core.nowUs, key, (outcome) => {
      this.#to.inbox.supersede(inbound, outcome);
      this.#to.wake();
    });
    switch (entry?.kind) {
      case "run":
        inbound.idempotencyKey = key;
        return true;
      case "joined":
        return false;
      case "done":
        this.#to.inbox.supersede(inbound, entry.result);
        return false;
      case undefined:
        this.#questionFailed(question, "xcp.busy", "too many tasks with idempotency keys");
        return false;
    }
  }

  /** The peer answers a CONFIRM_REQ of this end. */
  confirmRes(header: FrameHeader, payload: Uint8Array): void {
    const response = decodeConfirmRes(payload, controlCodecOf(header));
    const question = this.#to.clarifications.take(header.inReplyTo, "confirm");
    if (question === undefined) return;
    switch (response.decision) {
      case Decision.YES:
      case Decision.CORRECTION:
        this.#core.events.push({ kind: "confirmed", inbound: question.inbound, response });
        return;
      case Decision.NO:
        this.#questionFailed(question, "xcp.clarification_declined", "the sender said no");
        return;
      default:
        this.#questionFailed(
          question,
          "xcp.clarification_failed",
          `unknown decision ${response.decision}`,
        );
    }
  }

  #questionFailed(
    question: { readonly inbound: Inbound },
    code: "xcp.clarification_declined" | "xcp.clarification_failed" | "xcp.busy",
    message: string,
  ): void {
    this.#core.events.push({
      kind: "questionFailed",
      inbound: question.inbound,
      error: new XcpError(code, message),
    });
  }
}
