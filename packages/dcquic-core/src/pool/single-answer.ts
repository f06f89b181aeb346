import type { PatternName } from "../stream/pattern-rules.js";
import type { Stream } from "../stream/stream.js";
import type { CallUse } from "./call-use.js";
import { Eventual } from "./eventual.js";
import { Message } from "./message.js";
import { noAnswer } from "./no-answer.js";
import type { PayloadSender } from "./payload-sender.js";

/** What a pattern with one answer does besides waiting for it. */
export type BesidesAnswer = Partial<Omit<CallUse, "pattern" | "readable">>;

const NOTHING_BESIDES: BesidesAnswer = {};

/** The answer of a call with one, and what that makes of its stream. */
export class SingleAnswer extends Eventual<Message> implements CallUse {
  readonly pattern: PatternName;
  readonly #besides: BesidesAnswer;

  /** Waits for the answer of a call of `pattern`. */
  constructor(pattern: PatternName, besides: BesidesAnswer = NOTHING_BESIDES) {
    super();
    this.pattern = pattern;
    this.#besides = besides;
  }

  began(stream: Stream, sender: PayloadSender): void {
    this.#besides.began?.(stream, sender);
  }

  readable(stream: Stream): void {
    takeAnswer(this, stream);
  }

  writable(): void {
    this.#besides.writable?.();
  }

  stopped(): void {
    this.#besides.stopped?.();
  }

  over(error: unknown): void {
    endAnswer(this, error);
    this.#besides.over?.(error);
  }

  get isAnswered(): boolean {
    return this.#besides.isAnswered ?? this.isSettled;
  }
}

/** Settles a call's one answer with the message that a stream may have. */
export function takeAnswer(answer: Eventual<Message>, stream: Stream): void {
  const message = stream.take();
  if (message === undefined) return;
  answer.resolve(new Message(message));
  // There is only this one: its credit goes back on arrival.
  stream.release(message);
}

/** Fails it, unless it came: the call is over. */
export function endAnswer(answer: Eventual<Message>, error: unknown): void {
  // An error is dear, and most calls that are over were answered.
  if (!answer.isSettled) answer.reject(error ?? noAnswer());
}
