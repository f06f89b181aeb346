import { BackoffIdle } from "./backoff-idle.js";
import type { OpenDriver } from "./driver-directory.js";

/** How a driver is run. */
export interface RunOptions {
  /** Stops it when it has had no client for so long, in milliseconds; by default never. */
  readonly idleExitMs?: number;
  /** Whether anybody else needs this thread's event loop; by default somebody does. */
  readonly thread?: "own" | "shared";
  /** Called once when it has stopped. */
  readonly onStopped: () => void;
}

/**
 * Lets a driver turn in this thread: with each turn of the event loop while there is work, else as {@link BackoffIdle} waits.
 *
 * @returns What stops it.
 */
export function runDriver(open: OpenDriver, options: RunOptions): () => void {
  const { driver } = open;
  const idle = new BackoffIdle({ thread: options.thread ?? "shared" });
  let lastClientMs = Date.now();
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    open.close();
    options.onStopped();
  };
  const turns = async (): Promise<void> => {
    for (;;) {
      if (stopped) return;
      const nowMs = Date.now();
      if (driver.turn(nowMs) > 0) idle.reset();
      if (driver.clientCount > 0) lastClientMs = nowMs;
      const unused = nowMs - lastClientMs >= (options.idleExitMs ?? Number.POSITIVE_INFINITY);
      if (driver.stopRequested || unused) stop();
      else await idle.idle();
    }
  };
  void turns();
  return stop;
}
