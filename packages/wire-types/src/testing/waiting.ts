import { check } from "./case.js";

// Enough for a loaded machine. A condition that holds never waits for it.
const PATIENCE_MS = 60_000;
const SETTLING_TURNS = 25;

/**
 * Waits until `condition` holds, and rejects with `what` when it never does.
 *
 * It looks again after each pause of `everyMs`, one millisecond by default; only pauses are counted, up to a minute of them, so
 * that a machine that is busy has more time.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  options: { readonly everyMs?: number } = {},
): Promise<void> {
  const { everyMs = 1 } = options;
  for (let pausedMs = 0; !(await condition()); pausedMs += everyMs) {
    check(pausedMs < PATIENCE_MS, `gave up waiting for ${what}`);
    await pause(everyMs);
  }
}

/** Gives everything that is ready its turn, several times, to show that something does not happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await pause(1);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
