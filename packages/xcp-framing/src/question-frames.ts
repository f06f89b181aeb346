import type { Clarifications } from "./clarifications.js";
import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import type { AnswerBody, QuestionBody } from "./session-commands.js";
import type { SessionCore } from "./session-core.js";
import type { AskedQuestion } from "./session-events.js";
import { Feature, MsgType } from "./wire/constants.js";
import {
  encodeClarifyReq,
  encodeClarifyRes,
  encodeConfirmReq,
  encodeConfirmRes,
} from "./wire/control.js";

/**
 * Asks the sender of `inbound` something.
 *
 * @throws XcpError `xcp.clarification_failed`
 * @see spec/xcp.md §8
 */
export function sendQuestion(
  core: SessionCore,
  clarifications: Clarifications,
  inbound: Inbound,
  question: QuestionBody,
): void {
  const about = inbound.message;
  if (!core.has(Feature.CLARIFICATION) || about.msgId === 0) {
    throw new XcpError("xcp.clarification_failed", "the sender cannot be asked");
  }
  clarifications.begin(inbound, question.kind);
  const deadlineMs = question.request.deadlineMs ?? core.config.limits.clarificationDeadlineMs;
  const terms = { msgId: about.msgId, deadlineMs };
  const payload =
    question.kind === "clarify"
      ? encodeClarifyReq({ ...question.request, ...terms }, core.controlCodec)
      : encodeConfirmReq({ ...question.request, ...terms }, core.controlCodec);
  const msgType = question.kind === "clarify" ? MsgType.CLARIFY_REQ : MsgType.CONFIRM_REQ;
  const msgId = core.sendControl(msgType, payload, {
    channelId: about.channelId,
    inReplyTo: about.msgId,
    numbered: "numbered",
  });
  const deadlineUs = core.nowUs + deadlineMs * 1000;
  clarifications.asked({ kind: question.kind, inbound, msgId, deadlineUs });
  core.log.write("info", "xcp.clarify", { direction: "sent", kind: question.kind }, about);
}

/** Answers a question of the peer. */
export function sendAnswer(core: SessionCore, question: AskedQuestion, answer: AnswerBody): void {
  const msgId = question.about;
  const payload =
    answer.kind === "clarify"
      ? encodeClarifyRes({ ...answer.response, msgId }, core.controlCodec)
      : encodeConfirmRes({ ...answer.response, msgId }, core.controlCodec);
  const msgType = answer.kind === "clarify" ? MsgType.CLARIFY_RES : MsgType.CONFIRM_RES;
  core.sendControl(msgType, payload, {
    channelId: question.channelId,
    inReplyTo: question.msgId,
    numbered: "numbered",
  });
}
