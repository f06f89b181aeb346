/** The signal that ended the wait. */
export interface Stop {
  readonly signal: NodeJS.Signals;
  /** Resolves with the next one: whoever sends it does not want to wait. */
  readonly again: Promise<NodeJS.Signals>;
}

/** Waits for SIGINT or SIGTERM. Meanwhile the process stays alive. */
export async function untilSignal(): Promise<Stop> {
  // A signal handler alone does not keep an idle process running.
  const alive = setInterval(() => undefined, 2 ** 30);
  const signal = await nextSignal();
  clearInterval(alive);
  return { signal, again: nextSignal() };
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const done = (signal: NodeJS.Signals): void => {
      process.off("SIGINT", done);
      process.off("SIGTERM", done);
      resolve(signal);
    };
    process.on("SIGINT", done);
    process.on("SIGTERM", done);
  });
}
