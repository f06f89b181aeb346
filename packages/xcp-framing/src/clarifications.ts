import { XcpError } from "./errors.js";
import type { Inbound } from "./inbound.js";
import type { MsgId } from "./wire/header.js";

/** A question that this end asked about a message. */
export interface Question {
  readonly kind: "clarify" | "confirm";
  readonly inbound: Inbound;
  readonly msgId: number;
  readonly deadlineUs: number;
}

/**
 * Follows the questions that this end asks about the peer's messages: rounds, deadlines, and the order of §8.
 */
export class Clarifications {
  readonly #maxRounds: number;
  readonly #open = new Map<MsgId, Question>();
  #earliestUs = Number.POSITIVE_INFINITY;

  constructor(maxRounds: number) {
    this.#maxRounds = maxRounds;
  }

  /** A moment before which no deadline falls. */
  get dueUs(): number {
    return this.#earliestUs;
  }

  /** Questions without an answer. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Checks that the question may be asked now, and moves the message to its state.
   *
   * @throws XcpError `xcp.clarification_failed`
   */
  begin(inbound: Inbound, kind: Question["kind"]): void {
    if (inbound.state !== "received") {
      throw failed(`message ${inbound.message.msgId} is ${inbound.state}: nothing more to ask`);
    }
    if (kind === "clarify" && inbound.rounds >= this.#maxRounds) {
      throw failed(`${inbound.rounds} rounds did not settle message ${inbound.message.msgId}`);
    }
    if (kind === "clarify") inbound.rounds++;
    inbound.state = kind === "clarify" ? "clarifying" : "confirming";
  }

  /** Notes a question that was sent. */
  asked(question: Question): void {
    this.#open.set(question.msgId, question);
    this.#earliestUs = Math.min(this.#earliestUs, question.deadlineUs);
  }

  /** The question that an answer or a NACK is about; it is settled with that. */
  take(msgId: MsgId, kind?: Question["kind"]): Question | undefined {
    const question = this.#open.get(msgId);
    if (question === undefined || (kind !== undefined && question.kind !== kind)) return undefined;
    this.#open.delete(msgId);
    question.inbound.state = question.kind === "clarify" ? "received" : "executing";
    return question;
  }

  /** Removes the questions whose deadline passed. */
  expire(nowUs: number): Question[] {
    if (nowUs < this.#earliestUs) return [];
    this.#earliestUs = Number.POSITIVE_INFINITY;
    const expired: Question[] = [];
    for (const question of this.#open.values()) {
      if (question.deadlineUs <= nowUs) expired.push(question);
      else this.#earliestUs = Math.min(this.#earliestUs, question.deadlineUs);
    }
    for (const question of expired) this.take(question.msgId);
    return expired;
  }

  /** Removes the question about `inbound`, whose message is settled otherwise. */
  drop(inbound: Inbound): Question | undefined {
    for (const question of this.#open.values()) {
      if (question.inbound === inbound) return this.take(question.msgId);
    }
    return undefined;
  }

  /** Removes all questions, when the connection ends. */
  takeAll(): Question[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    return all;
  }
}

function failed(message: string): XcpError {
  return new XcpError("xcp.clarification_failed", message);
}
