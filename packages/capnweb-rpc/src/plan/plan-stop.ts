import type { Timer, Timers } from "@proj/wire-types";
import { CapnwebError } from "../errors.js";

/** Ends a run from outside: when its time is over, or nobody wants its result any more. */
export class PlanStop {
  readonly #timer: Timer;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => {
    const cause: unknown = this.#signal?.reason;
    this.#stop(new CapnwebError("capnweb.cancelled", "the plan was cancelled", { cause }));
  };
  readonly #reject: (reason: CapnwebError) => void;
  readonly #stopped: Promise<never>;
  #reason: CapnwebError | undefined;

  /** Stops with `late` after `leftUs`, or when `signal` says so. */
  constructor(timers: Timers, leftUs: number, late: CapnwebError, signal: AbortSignal | undefined) {
    const { promise, reject } = rejectable();
    this.#stopped = promise;
    this.#reject = reject;
    this.#timer = timers.schedule(leftUs, () => this.#stop(late));
    this.#signal = signal;
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Throws once the run has been stopped. */
  check(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  /** Awaits `pending`, or the stop. */
  race<T>(pending: PromiseLike<T>): Promise<T> {
    return Promise.race([pending, this.#stopped]);
  }

  /** The run is over: nothing will stop it any more. */
  end(): void {
    this.#timer.cancel();
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #stop(reason: CapnwebError): void {
    this.#reason ??= reason;
    this.#reject(this.#reason);
  }
}

function rejectable(): {
  readonly promise: Promise<never>;
  readonly reject: (reason: CapnwebError) => void;
} {
  let fail: (reason: CapnwebError) => void = () => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  // A run that is stopped while it awaits nothing hears of it at its next step.
  promise.catch(() => undefined);
  return { promise, reject: fail };
}
