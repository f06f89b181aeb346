import type { Timers } from "@proj/wire-types";

/** Answers what `outcome` does, or `false` when it takes longer than `ms`. */
export function withinMs(timers: Timers, ms: number, outcome: Promise<boolean>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.schedule(ms * 1000, () => resolve(false));
    void outcome.then((answer) => {
      timer.cancel();
      resolve(answer);
    });
  });
}
