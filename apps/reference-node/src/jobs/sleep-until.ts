/** Waits for so many milliseconds, which may be endless, or until `signal` says that it is enough. */
export function sleepUntil(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    if (Number.isFinite(waitMs)) timer = setTimeout(done, waitMs);
  });
}
