/** Why the wait ended. */
export interface Stop {
  /** Resolves with the next request to end: whoever makes it does not want to wait. */
  readonly again: Promise<void>;
}

/**
 * Waits for SIGINT or SIGTERM, or, in a process that was started with an IPC channel, for the end of the process that
 * started it. Meanwhile the process stays alive.
 */
export async function untilSignal(): Promise<Stop> {
  // A signal handler alone does not keep an idle process running.
  const alive = setInterval(() => undefined, 2 ** 30);
  await nextRequest();
  clearInterval(alive);
  return { again: nextRequest() };
}

const requests = ["SIGINT", "SIGTERM", "disconnect"] as const;

function nextRequest(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const request of requests) process.off(request, done);
      resolve();
    };
    for (const request of requests) process.on(request, done);
  });
}
