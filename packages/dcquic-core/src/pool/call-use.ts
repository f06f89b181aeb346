import type { PatternName } from "../stream/pattern-rules.js";
import type { Stream } from "../stream/stream.js";
import type { CallOptions, Payload } from "./call-options.js";
import type { PayloadSender } from "./payload-sender.js";
import type { PoolCore } from "./pool-core.js";

/** What a pattern makes of a call's stream. */
export interface CallUse {
  /** The pattern. */
  readonly pattern: PatternName;
  /** The stream exists; its first message was sent. Called again for each repetition. */
  began(stream: Stream, sender: PayloadSender): void;
  /** There may be a message, or the answerer's end. */
  readable(stream: Stream): void;
  /** There is room to write again. */
  writable(): void;
  /** The answerer wants no more messages. */
  stopped(): void;
  /** The call is over; `error` says why if not in order. */
  over(error: unknown): void;
  /** Whether something of the answer was used, so that the call cannot be repeated. */
  readonly isAnswered: boolean;
}

/** What a call is made of. */
export interface CallParts {
  /** What the handles on the pool share. */
  readonly core: PoolCore;
  /** Whom it goes to. */
  readonly peer: string;
  /** What the caller chose. */
  readonly options: CallOptions;
  /** The opening message; absent where the opener sends any number of them. */
  readonly payload?: Payload;
}
