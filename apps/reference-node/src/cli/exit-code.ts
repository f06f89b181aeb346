import { constants } from "node:os";

/** What the process says to its caller when it ends. */
export const ExitCode = {
  /** Everything asked for was done. */
  OK: 0,
  /** The command was understood and failed: no connection, a refusal, a wrong receipt. */
  FAILURE: 1,
  /** The command line or the configuration is wrong; nothing was started. */
  USAGE: 2,
} as const;

/** One of {@link ExitCode}, or what {@link exitCodeOf} makes of a signal. */
export type ExitCode = number;

/** Returns what a program says that was interrupted: 128 and the signal's number, as shells have it. */
export function exitCodeOf(signal: NodeJS.Signals | undefined): ExitCode {
  return signal === undefined ? ExitCode.FAILURE : 128 + constants.signals[signal];
}
