import type { Connection } from "./connection.js";
import type { ConnectionOptions } from "./connection-options.js";
import type { AnswerBody } from "./session-commands.js";
import type { AskedQuestion, SessionEvent } from "./session-events.js";
import { type ClarifyRes, type ConfirmRes, Decision } from "./wire/control.js";

type Asked = Extract<SessionEvent, { kind: "clarifyAsked" | "confirmAsked" }>;

const DECLINED: Omit<ClarifyRes, "msgId"> = { values: new Map(), declined: true };
const NO: Omit<ConfirmRes, "msgId"> = { decision: Decision.NO, corrections: new Map() };

/** Lets the application answer the peer's questions; without an answer they are declined. spec/xcp.md §8 */
export class PeerQuestions {
  readonly #connection: Connection;
  readonly #options: Pick<ConnectionOptions, "onClarify" | "onConfirm">;
  readonly #answer: (question: AskedQuestion, answer: AnswerBody) => void;

  constructor(
    connection: Connection,
    options: Pick<ConnectionOptions, "onClarify" | "onConfirm">,
    answer: (question: AskedQuestion, answer: AnswerBody) => void,
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#answer = answer;
  }

  /** Asks the application, and answers when it did. Never rejects. */
  asked(event: Asked): void {
    void this.#decide(event).then((answer) => {
      try {
        this.#answer(event.question, answer);
      } catch {
        // What cannot be written is no answer.
        this.#answer(event.question, refusing(event.kind));
      }
    });
  }

  async #decide(event: Asked): Promise<AnswerBody> {
    const { onClarify, onConfirm } = this.#options;
    if (event.kind === "clarifyAsked") {
      const response = await ask(async () => onClarify?.(event.request, this.#connection));
      return { kind: "clarify", response: response ?? DECLINED };
    }
    const response = await ask(async () => onConfirm?.(event.request, this.#connection));
    return { kind: "confirm", response: response ?? NO };
  }
}

function refusing(kind: Asked["kind"]): AnswerBody {
  return kind === "clarifyAsked"
    ? { kind: "clarify", response: DECLINED }
    : { kind: "confirm", response: NO };
}

// An application that throws has not answered.
async function ask<T>(callback: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await callback();
  } catch {
    return undefined;
  }
}
