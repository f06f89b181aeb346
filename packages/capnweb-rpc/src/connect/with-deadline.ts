import type { Timers } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { CapnwebError } from "../errors.js";
import { timeoutError } from "./outstanding.js";

/** How long one operation may take. */
export interface DeadlineOptions {
  /** Milliseconds until it is given up. */
  readonly timeoutMs?: number | undefined;
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined;
  /** Measures the time; the host's where absent. */
  readonly timers?: Timers | undefined;
}

/**
 * Awaits an RPC promise for as long as the options allow. What is given up is disposed: the peer
 * learns that nobody wants the result, and any value that still arrives is freed.
 *
 * @throws {@link CapnwebError} `capnweb.timeout` with the name `TimeoutError`; `capnweb.cancelled`,
 *   whose cause is the signal's reason.
 * @see spec/capnweb.md §20.5
 */
export function withDeadline<T>(
  promise: PromiseLike<T> & Partial<Disposable>,
  options: DeadlineOptions,
): Promise<T> {
  const { timeoutMs, signal, timers = systemTime } = options;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const cause: unknown = signal?.reason;
      giveUp(new CapnwebError("capnweb.cancelled", "the call was cancelled", { cause }));
    };
    const timer =
      timeoutMs === undefined
        ? undefined
        : timers.schedule(timeoutMs * 1000, () => giveUp(timeoutError(timeoutMs)));
    const end = (): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", abort);
    };
    const giveUp = (error: CapnwebError): void => {
      end();
      reject(error);
      promise[Symbol.dispose]?.();
    };
    promise.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
