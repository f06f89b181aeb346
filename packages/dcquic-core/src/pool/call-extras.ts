import type { Span, Timer } from "@proj/wire-types";
import type { Id64 } from "../wire/id64.js";
import type { CallGuard } from "./call-guard.js";
import type { Eventual } from "./eventual.js";

/** What only some calls have: those with a deadline, a signal or headers, that are tracked, measured or repeated. */
export class CallExtras {
  /** Ends the call at its deadline, or when its signal says so. */
  guard: CallGuard | undefined;
  /** Waits to repeat it. */
  retryTimer: Timer | undefined;
  /** How often it was repeated. */
  retries = 0;
  /** Its span. */
  span: Span | undefined;
  /** When it began; µs. */
  startedUs = 0;
  /** Its token, once it was announced. */
  tokenId: Id64 | undefined;
  /** For who asked for the answer's headers. */
  answerHeaders: Eventual<Uint8Array | undefined> | undefined;
  /** For who asked for the token. */
  token: Eventual<Id64 | undefined> | undefined;
}
