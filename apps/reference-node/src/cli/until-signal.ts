const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Waits for SIGINT, SIGTERM or SIGHUP, or, in a process that was started with an IPC channel, for the end of the process
 * that started it. Meanwhile the process stays alive; afterwards signals do again what they did before.
 *
 * @param given Ends the wait too.
 * @returns The signal, or nothing where something else ended the wait.
 */
export async function untilSignal(given?: AbortSignal): Promise<NodeJS.Signals | undefined> {
  // A signal handler alone does not keep an idle process running.
  const alive = setInterval(() => undefined, 2 ** 30);
  const signal = await new Promise<NodeJS.Signals | undefined>((resolve) => {
    const over = (name?: NodeJS.Signals): void => {
      for (const each of signals) process.off(each, over);
      process.off("disconnect", ended);
      given?.removeEventListener("abort", ended);
      resolve(name);
    };
    const ended = (): void => over();
    for (const each of signals) process.on(each, over);
    process.on("disconnect", ended);
    given?.addEventListener("abort", ended);
  });
  clearInterval(alive);
  return signal;
}
