import type { OpenDriver } from "./driver-directory.js";

/** Turns without work after which the driver sleeps instead of spinning. */
const SPINS_BEFORE_SLEEP = 2_000;
const SLEEP_MS = 1;

/** How a driver is run. */
export interface RunOptions {
  /** Stops it when it has had no client for so long, in milliseconds; by default never. */
  readonly idleExitMs?: number;
  /** Called once when it has stopped. */
  readonly onStopped: () => void;
}

/**
 * Lets a driver turn in this thread: at once while there is work, then each turn of the event loop, then every
 * millisecond.
 *
 * @returns What stops it.
 */
export function runDriver(open: OpenDriver, options: RunOptions): () => void {
  const { driver } = open;
  let idleTurns = 0;
  let lastClientMs = Date.now();
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    open.close();
    options.onStopped();
  };
  const turn = (): void => {
    if (stopped) return;
    const nowMs = Date.now();
    idleTurns = driver.turn(nowMs) > 0 ? 0 : idleTurns + 1;
    if (driver.clientCount > 0) lastClientMs = nowMs;
    const idle = nowMs - lastClientMs >= (options.idleExitMs ?? Number.POSITIVE_INFINITY);
    if (driver.stopRequested || idle) stop();
    else if (idleTurns < SPINS_BEFORE_SLEEP) setImmediate(turn);
    else setTimeout(turn, SLEEP_MS);
  };
  turn();
  return stop;
}
