import { exitCodeOf } from "./exit-code.js";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Lets SIGINT, SIGTERM and SIGHUP end this process as `process.exit` does, so that whatever is to be let go of at its end
 * is: shared memory above all. The exit code is that of the signal.
 */
export function endWithSignals(): void {
  for (const signal of signals) {
    process.once(signal, () => process.exit(exitCodeOf(signal)));
  }
}
