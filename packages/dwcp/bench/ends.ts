import type { ChildProcess, SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { EndReport } from "./end-report.js";

/** Where programs are started: a site of a WAN, or this machine as it is. */
export interface Place {
  /** As `child_process.spawn` does. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
}

const program = join(import.meta.dirname, "end-process.js");

/** Starts an end that serves, and waits until it does. */
export async function serve(place: Place, args: readonly string[]): Promise<ChildProcess> {
  const child = start(place, args);
  await lineOf(child);
  return child;
}

/** Runs an end that sends, and takes what it measured. */
export async function ask(place: Place, args: readonly (string | number)[]): Promise<EndReport> {
  const child = start(place, args.map(String));
  const report = JSON.parse(await lineOf(child)) as EndReport;
  if (child.exitCode === null) await once(child, "exit");
  return report;
}

function start(place: Place, args: readonly string[]): ChildProcess {
  return place.spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function lineOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new TypeError("its output is read");
  const lines = createInterface({ input: stdout });
  const first = await lines[Symbol.asyncIterator]().next();
  // Its standard error is this process's.
  if (first.done === true) throw new Error("an end of the benchmark ended before it said anything");
  return first.value;
}
