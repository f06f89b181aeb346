import type { Span, Timer } from "@proj/wire-types";
import type { PatternName } from "../stream/pattern-rules.js";
import type { Id64 } from "../wire/id64.js";
import type { CallGuard } from "./call-guard.js";
import { Eventual } from "./eventual.js";
import type { ReadyPayload } from "./payload-sender.js";
import type { PoolCore } from "./pool-core.js";

/**
 * What only some calls have: those with a deadline, a signal or headers, that wait with a buffer, are tracked, measured or
 * repeated, or fail.
 */
export class CallExtras {
  /** Ends the call at its deadline, or when its signal says so. */
  guard: CallGuard | undefined;
  /** Waits to repeat it. */
  retryTimer: Timer | undefined;
  /** What is sent first, while the call waits for its turn; nothing where the payload is ready as it is. */
  first: ReadyPayload | undefined;
  /** The answer's header block, unless it is empty. */
  block: Uint8Array | undefined;
  /** What it failed with, once it is over. */
  error: unknown;
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

  /** The answer's header block, for who asks; `isEmpty` where it is known that there is none. */
  headersTold(isEmpty: boolean, isOver: boolean): Promise<Uint8Array | undefined> {
    if (this.answerHeaders === undefined) {
      this.answerHeaders = new Eventual();
      if (isEmpty || this.block !== undefined) this.answerHeaders.resolve(this.block);
      else if (isOver) settle(this.answerHeaders, this.error);
    }
    return this.answerHeaders.promise;
  }

  /** The token, for who asks. */
  tokenTold(isOpened: boolean, isOver: boolean): Promise<Id64 | undefined> {
    if (this.token === undefined) {
      this.token = new Eventual();
      if (isOpened) this.token.resolve(this.tokenId);
      else if (isOver) settle(this.token, this.error);
    }
    return this.token.promise;
  }

  /** Ends what there is of it, with the call. */
  end(core: PoolCore, pattern: PatternName, priority: number, error: unknown): void {
    this.error = error;
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
function settle<T>(eventual: Eventual<T | undefined>, error: unknown): void {
  if (error === undefined) eventual.resolve(undefined);
  else eventual.reject(error);
}
