const requests = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const;

/**
 * Waits for SIGINT, SIGTERM or SIGHUP, or, in a process that was started with an IPC channel, for the end of the process
 * that started it. Meanwhile the process stays alive; afterwards signals do again what they did before.
 *
 * @param given Ends the wait too.
 */
export async function untilSignal(given?: AbortSignal): Promise<void> {
  // A signal handler alone does not keep an idle process running.
  const alive = setInterval(() => undefined, 2 ** 30);
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const request of requests) process.off(request, done);
      given?.removeEventListener("abort", done);
      resolve();
    };
    for (const request of requests) process.on(request, done);
    given?.addEventListener("abort", done);
  });
  clearInterval(alive);
}
