import type { Command } from "commander";
import type { NodeSnapshot } from "../control/reports.js";
import { addControlOptions, type ControlFlags, readControlOptions } from "./control-options.js";
import { positiveInteger } from "./dial-options.js";
import { ExitCode } from "./exit-code.js";
import { createOutput } from "./output.js";
import { type BeginWatch, runWatch, watchInterval } from "./run-watch.js";
import { formatBytes } from "./units.js";

interface WatchFlags extends ControlFlags {
  readonly interval: number;
  readonly count?: number;
}

const help = `
One line per snapshot; with --json one document per snapshot, each on a line of its own. Ctrl-C ends it.`;

/** Adds `watch`: a running node, moment by moment. */
export function addWatch(program: Command, exit: (code: ExitCode) => void): void {
  const command = program
    .command("watch")
    .description("Tell moment by moment how a running node goes.")
    .option("-i, --interval <ms>", "time between moments, from 50 on", watchInterval, 1000)
    .option("-c, --count <n>", "end after so many", positiveInteger)
    .addHelpText("after", help);
  addControlOptions(command).action(async (flags: WatchFlags) => {
    await runWatch(readControlOptions(flags), watching(flags));
    exit(ExitCode.OK);
  });
}

function watching(flags: WatchFlags): BeginWatch {
  const output = createOutput(flags.json === true);
  let before: NodeSnapshot | undefined;
  return (control, done) =>
    control.watch(
      (snapshot: NodeSnapshot) => {
        if (flags.count !== undefined && snapshot.sequence > flags.count) return;
        output.result({ ok: true, snapshot }, () => line(snapshot, before));
        before = snapshot;
        if (snapshot.sequence === flags.count) done();
      },
      { intervalMs: flags.interval },
    );
}

function line(now: NodeSnapshot, before: NodeSnapshot | undefined): string {
  const parts = [
    new Date(now.atMs).toISOString(),
    now.state,
    `${now.sessions} sessions`,
    `received ${rate(now, before, "received")}`,
    `sent ${rate(now, before, "sent")}`,
    ...(now.opened.length > 0 ? [`opened ${now.opened.join(",")}`] : []),
    ...(now.closed.length > 0 ? [`closed ${now.closed.join(",")}`] : []),
    ...(now.skipped > 0 ? [`skipped ${now.skipped}`] : []),
  ];
  return `${parts.join("  ")}\n`;
}

function rate(
  now: NodeSnapshot,
  before: NodeSnapshot | undefined,
  direction: "sent" | "received",
): string {
  if (before === undefined) return formatBytes(now[direction].bytes);
  const bytes = now[direction].bytes - before[direction].bytes;
  return `${formatBytes((bytes / Math.max(1, now.atMs - before.atMs)) * 1000)}/s`;
}
