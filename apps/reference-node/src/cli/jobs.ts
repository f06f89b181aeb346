import { type Command, Option } from "commander";
import { askNode } from "../control/control-client.js";
import type { JobReport, JobRun } from "../jobs/job.js";
import { sourceKinds } from "../replicate/source.js";
import { addControlOptions, type ControlFlags, readControlOptions } from "./control-options.js";
import { milliseconds, positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { watchJobs } from "./jobs-watch.js";
import { createOutput, UsageError } from "./output.js";
import { watchInterval } from "./run-watch.js";
import { formatTable } from "./text-table.js";
import { formatBytes, formatDuration } from "./units.js";

interface JobsFlags extends ControlFlags {
  readonly add?: string;
  readonly source?: string;
  readonly site?: string;
  readonly as?: string;
  readonly every: number;
  readonly level: number;
  readonly pause?: string;
  readonly resume?: string;
  readonly remove?: string;
  readonly runs?: string;
  readonly most: number;
  readonly watch?: boolean;
  readonly interval: number;
  readonly count?: number;
}

/** What `jobs` can be told to do, and what can be said with it. Told nothing, it tells which jobs there are. */
const companions: Readonly<Record<string, readonly string[]>> = {
  add: ["source", "site", "as", "every", "level"],
  pause: [],
  resume: [],
  remove: [],
  runs: ["most"],
  watch: ["interval", "count"],
};

const help = `
Jobs replicate sources of the node's host to its sites, again and again; they survive the node. The configuration has them as
[[dwcp.jobs]]; --add makes one that only its journal knows. --source is a path on the host of the node.

Examples:
  $ reference-node jobs
  $ reference-node jobs --add shop.db --source /srv/shop.db --site paris
  $ reference-node jobs --runs shop.db
  $ reference-node jobs --watch`;

/** Adds `jobs`: the replication jobs of a running node. */
export function addJobs(program: Command, exit: (code: ExitCode) => void): void {
  const command = program
    .command("jobs")
    .description("Tell the replication jobs of a running node, add and steer them.")
    .option("--add <name>", "add a job")
    .option("--source <path>", "with --add: what is replicated")
    .option("--site <name>", "with --add: where it goes")
    .addOption(new Option("--as <kind>", "with --add: what the source is").choices(sourceKinds))
    .option(
      "--every <ms>",
      "with --add: how often to look for changes, from 100 on",
      milliseconds,
      2_000,
    )
    .option("--level <n>", "with --add: compression, 1 to 9", positiveInteger, 3)
    .option("--pause <name>", "hold a job, over restarts of the node too")
    .option("--resume <name>", "let a job go on, after a pause or a failure")
    .option("--remove <name>", "end a job and forget it; the replica stays")
    .option("--runs <name>", "tell what a job has brought")
    .option("--most <n>", "with --runs: how many", positiveInteger, 20)
    .option(
      "--watch",
      "go on until a signal, and tell every change of a job; with --json a document a line",
    )
    .option("--interval <ms>", "with --watch: time between looks, from 50 on", watchInterval, 1000)
    .option("--count <n>", "with --watch: end after so many", positiveInteger)
    .addHelpText("after", help);
  addControlOptions(command).action(async (flags: JobsFlags) => {
    checkUsage(command);
    await obey(flags);
    exit(ExitCode.OK);
  });
}

// An order that is passed over in silence is taken for done.
function checkUsage(command: Command): void {
  const isGiven = (option: string): boolean => command.getOptionValueSource(option) === "cli";
  const [verb, another] = Object.keys(companions).filter(isGiven);
  if (another !== undefined) {
    throw new UsageError(`--${verb} and --${another} are two orders`, "give one at a time");
  }
  for (const [owner, options] of Object.entries(companions)) {
    const lost = owner === verb ? undefined : options.find(isGiven);
    if (lost === undefined) continue;
    throw new UsageError(
      `--${lost} belongs to --${owner}`,
      `give it with --${owner}, or leave it out`,
    );
  }
  const missing =
    verb === "add" ? ["source", "site"].find((option) => !isGiven(option)) : undefined;
  if (missing !== undefined) {
    throw new UsageError(
      `--add needs --${missing}`,
      "write, for instance: --add shop.db --source /srv/shop.db --site paris",
    );
  }
}

async function obey(flags: JobsFlags): Promise<void> {
  const target = readControlOptions(flags);
  const output = createOutput(flags.json === true);
  const { add, source, site, as, every, level, pause, resume, remove, runs, most } = flags;
  if (flags.watch === true) {
    const { interval: intervalMs, count } = flags;
    await watchJobs(target, { json: flags.json === true, intervalMs, count });
  } else if (add !== undefined) {
    const order = { name: add, source, site, every_ms: every, level };
    const asked = as === undefined ? order : { ...order, as };
    const job = await askNode(target, (control) => control.replication().add(asked));
    output.result({ ok: true, job }, () => jobsText([job]));
  } else if (pause !== undefined) {
    const job = await askNode(target, (control) => control.replication().pause(pause));
    output.result({ ok: true, job }, () => jobsText([job]));
  } else if (resume !== undefined) {
    const job = await askNode(target, (control) => control.replication().resume(resume));
    output.result({ ok: true, job }, () => jobsText([job]));
  } else if (remove !== undefined) {
    await askNode(target, (control) => control.replication().remove(remove));
    output.result({ ok: true, removed: remove }, () => `removed ${remove}\n`);
  } else if (runs !== undefined) {
    const done = await askNode(target, (control) => control.replication().runs(runs, most));
    output.result({ ok: true, runs: done }, () => runsText(done));
  } else {
    const jobs = await askNode(target, (control) => control.replication().jobs());
    output.result({ ok: true, jobs }, () => jobsText(jobs));
  }
}

const jobHeads = ["job", "source", "site", "state", "runs", "last", "ratio", "took"];

function jobsText(jobs: readonly JobReport[]): string {
  if (jobs.length === 0) return "There is no job.\n";
  const rows = jobs.map(({ name, source, site, state, reason, runs, last }) => [
    name,
    source,
    site,
    reason === undefined ? state : `${state}: ${reason}`,
    String(runs),
    last === undefined ? "" : formatBytes(last.rawBytes),
    last === undefined ? "" : ratioOf(last),
    last === undefined ? "" : formatDuration(last.durationUs),
  ]);
  return formatTable(jobHeads, rows, { right: [4, 5, 6, 7] });
}

const runHeads = ["at", "state", "on the wire", "ratio", "took", "content id"];

function runsText(runs: readonly JobRun[]): string {
  if (runs.length === 0) return "It has brought nothing yet.\n";
  const rows = runs.map((run) => [
    new Date(run.atMs).toISOString(),
    formatBytes(run.rawBytes),
    formatBytes(run.wireBytes),
    ratioOf(run),
    formatDuration(run.durationUs),
    run.rootHash,
  ]);
  return formatTable(runHeads, rows, { right: [1, 2, 3, 4] });
}

function ratioOf({ rawBytes, wireBytes }: JobRun): string {
  return wireBytes === 0 ? "" : `${(rawBytes / wireBytes).toFixed(1)}:1`;
}
