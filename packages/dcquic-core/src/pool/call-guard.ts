import type { Timer, Timers } from "@proj/wire-types";
import type { CallOptions } from "./call-options.js";

/** What may end a call before it is answered. */
export type GuardOptions = Pick<CallOptions, "deadlineMs" | "signal">;

/** Who is told that a call is to end. */
export interface Guarded {
  /** Its time is over. */
  expired(): void;
  /** Its caller wants no more of it. */
  aborted(): void;
}

/** Ends a call at its deadline, or when its signal is aborted. */
export class CallGuard {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer | undefined;
  readonly #onAbort: () => void;

  /** Tells `call` when it is to end, later than inside this call. A signal that is aborted already tells nothing. */
  constructor(timers: Timers, { deadlineMs, signal }: GuardOptions, call: Guarded) {
    this.#signal = signal;
    this.#onAbort = (): void => call.aborted();
    if (deadlineMs !== undefined) {
      this.#timer = timers.schedule(deadlineMs * 1000, () => call.expired());
    }
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Tells nothing any more. */
  dismiss(): void {
    this.#timer?.cancel();
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
