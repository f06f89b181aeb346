import type { ControlTarget } from "../control/control-client.js";
import type { JobReport, JobsSnapshot } from "../jobs/job.js";
import { createOutput } from "./output.js";
import { runWatch } from "./run-watch.js";
import { formatBytes } from "./units.js";

/** How jobs are watched. */
export interface JobsWatchOptions {
  readonly json: boolean;
  readonly intervalMs: number;
  /** Ends after so many snapshots; by default with a signal only. */
  readonly count: number | undefined;
}

/** Tells all jobs of a node, and then each change of one, until a signal comes. */
export async function watchJobs(target: ControlTarget, options: JobsWatchOptions): Promise<void> {
  const { json, intervalMs, count } = options;
  const output = createOutput(json);
  await runWatch(target, (control, done) =>
    control.replication().watch(
      (snapshot: JobsSnapshot) => {
        if (count !== undefined && snapshot.sequence > count) return;
        output.result({ ok: true, snapshot }, () => linesOf(snapshot));
        if (snapshot.sequence === count) done();
      },
      { intervalMs },
    ),
  );
}

function linesOf({ atMs, changed, removed }: JobsSnapshot): string {
  const at = new Date(atMs).toISOString();
  const told = [
    ...changed.map((job) => `${job.name}  ${standingOf(job)}`),
    ...removed.map((name) => `${name}  removed`),
  ];
  if (told.length === 0) return `${at}  there is no job\n`;
  return told.map((line) => `${at}  ${line}\n`).join("");
}

function standingOf({ state, reason, runs, arrivedBytes, rawBytes }: JobReport): string {
  const parts = [
    reason === undefined ? state : `${state}: ${reason}`,
    runs === 1 ? "1 run" : `${runs} runs`,
  ];
  if (state === "running") parts.push(`${formatBytes(arrivedBytes)} of ${formatBytes(rawBytes)}`);
  return parts.join("  ");
}
