/** What the process says to its caller when it ends. */
export const ExitCode = {
  /** Everything asked for was done. */
  OK: 0,
  /** The command was understood and failed: no connection, a refusal, a wrong receipt. */
  FAILURE: 1,
  /** The command line or the configuration is wrong; nothing was started. */
  USAGE: 2,
} as const;

/** One of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
