import { systemTime } from "@proj/wire-types/system";

/** When an application has had enough. */
export interface EndOfPatience {
  /** Says so at any time. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which it is so. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Calls `ended` with the reason once time is over or the signal fires, at once where it has fired.
 *
 * The timer and the signal hold what they call: `AbortSignal.any()` holds its sources weakly, so that a timeout which nobody
 * else holds may be collected before it fires.
 *
 * @returns What stops watching; harmless at any time.
 */
export function watchForEnd(
  { signal, timeoutMs }: EndOfPatience,
  ended: (reason: unknown) => void,
): () => void {
  const end = (reason: unknown): void => {
    stop();
    ended(reason);
  };
  const onAbort = (): void => end(signal?.reason);
  const timer =
    timeoutMs === undefined
      ? undefined
      : systemTime.schedule(timeoutMs * 1000, () => {
          end(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
        });
  const stop = (): void => {
    timer?.cancel();
    signal?.removeEventListener("abort", onAbort);
  };
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return stop;
}
