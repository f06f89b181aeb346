import type { Span, Timer } from "@proj/wire-types";
import type { PatternName } from "../stream/pattern-rules.js";
import type { Id64 } from "../wire/id64.js";
import type { CallGuard } from "./call-guard.js";
import type { Eventual } from "./eventual.js";
import type { PoolCore } from "./pool-core.js";

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

  /** Ends what there is of it, with the call. */
  end(core: PoolCore, pattern: PatternName, priority: number, error: unknown): void {
    const { answerHeaders, guard, retryTimer, span, startedUs, token } = this;
    guard?.dismiss();
    retryTimer?.cancel();
    core.latency?.ended({ pattern, priority, tookUs: core.nowUs - startedUs, error });
    span?.end(error);
    if (error !== undefined) token?.reject(error);
    if (answerHeaders !== undefined) settle(answerHeaders, error);
  }
}

/** Settles what nothing came for any more: with the call's error, or with nothing where it ended in order. */
export function settle<T>(eventual: Eventual<T | undefined>, error: unknown): void {
  if (error === undefined) eventual.resolve(undefined);
  else eventual.reject(error);
}
