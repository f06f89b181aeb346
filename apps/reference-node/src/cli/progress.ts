import { Presets, SingleBar } from "cli-progress";
import { formatBytes, formatWait } from "./units.js";

/** Shows how far a long work has come. */
export interface Progress {
  /** `done` bytes of the total are done; `note` is shown behind them. */
  update(done: number, note?: string): void;
  /** Takes the bar away; harmless when there is none. */
  stop(): void;
}

/** Work below this size is done before a bar could be read. */
const SHORT_BYTES = 8 * 1024 * 1024;

/** Makes a bar on standard error, where that is a terminal and the work is long; elsewhere nothing. */
export function progressBar(totalBytes: number | undefined): Progress {
  const silent = { update: () => undefined, stop: () => undefined };
  if (totalBytes === undefined || totalBytes < SHORT_BYTES || !process.stderr.isTTY) return silent;
  const bar = new SingleBar(
    {
      stream: process.stderr,
      format: "{bar} {percentage}% | {done} of {all} | {eta_formatted} left{note}",
      formatTime: formatWait,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: true,
      // It would take the first Ctrl-C for itself.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  bar.start(totalBytes, 0, { done: "0 B", all: formatBytes(totalBytes), note: "" });
  const stop = (): void => {
    process.off("exit", stop);
    bar.stop();
  };
  // The cursor was hidden.
  process.once("exit", stop);
  const update = (done: number, note?: string): void => {
    bar.update(done, { done: formatBytes(done), note: note === undefined ? "" : ` | ${note}` });
  };
  return { update, stop };
}
