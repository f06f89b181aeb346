// One object of random bytes, stored as it is, between two processes of this machine; beside it `node:net` alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fact, runSuite } from "@proj/bench";
import type { EndReport } from "./end-report.js";
import { ask, type Place, serve } from "./ends.js";
import { type MemoryFolder, memoryFolders } from "./memory-folder.js";

const HOST = "127.0.0.1";
const STREAMS = 4;
// Long enough for a rate: what happens once per transfer is little of it.
const BYTES = 1_500_000_000;
// What a process does for the first time takes longer: that is over before the clock starts.
const WARM_BYTES = 600_000_000;
const ROUNDS = 3;
/** What the store and the file that makes room for it take together, and some more. */
const MEMORY_BYTES = 2 * (BYTES + WARM_BYTES);
const here: Place = { spawn };

await runSuite({
  name: "loopback",
  question:
    "How fast do two processes of one machine pass an object, and what does verifying it cost?",
  cases: [],
  facts: measure,
});

async function measure(): Promise<readonly Fact[]> {
  const folders = memoryFolders(MEMORY_BYTES);
  try {
    return await measureIn(folders);
  } finally {
    for (const { release } of folders) release();
  }
}

async function measureIn(folders: readonly MemoryFolder[]): Promise<readonly Fact[]> {
  const plain: EndReport[] = [];
  const runs = folders.map((folder) => ({
    folder,
    after: [] as EndReport[],
    beside: [] as EndReport[],
  }));
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await between(["sink"], ["stream", HOST, BYTES]));
    for (const { folder, after, beside } of runs) {
      after.push(await transfer(folder, "after"));
      beside.push(await transfer(folder, "beside"));
    }
  }
  const onDisk = await transfer(undefined, "beside");
  return [
    // Of what the machine has, the first is the one that the goal is meant for.
    ...runs.flatMap((each, index) => factsOf(each, index === 0 ? 10 : undefined)),
    fact("hashed beside the transfer, on disk, with syncs", [onDisk], secondsOf),
    fact("node:net alone: one connection, nothing checked or kept", plain, secondsOf),
  ];
}

interface Runs {
  readonly folder: MemoryFolder;
  readonly after: readonly EndReport[];
  readonly beside: readonly EndReport[];
}

function factsOf({ folder: { what }, after, beside }: Runs, atLeast?: number): readonly Fact[] {
  return [
    fact(`raw: everything arrived and is written, ${what}`, after, arrivedOf, atLeast),
    fact(`then hashed at both ends, compared and named, ${what}`, after, secondsOf),
    fact(`hashed beside the transfer, compared and named, ${what}`, beside, secondsOf),
    {
      name: `processor time of the sending process, its hash included, ${what}`,
      value: Math.min(...after.map(({ cpu }) => cpu.user + cpu.system)) / (BYTES / 1e9),
      unit: "s/GB",
    },
  ];
}

function secondsOf({ seconds }: EndReport): number {
  return seconds;
}

function arrivedOf({ arrivedSeconds }: EndReport): number {
  return arrivedSeconds;
}

/** The best of several runs, since whatever else the machine does makes them slower only. */
function fact(
  name: string,
  reports: readonly EndReport[],
  timeOf: (report: EndReport) => number,
  atLeast?: number,
): Fact {
  const best = Math.min(...reports.map(timeOf));
  const stated = { name, value: (BYTES * 8) / best / 1e9, unit: "Gbit/s" };
  return atLeast === undefined ? stated : { ...stated, target: { atLeast } };
}

/** Into `memory`, or to disk where there is none. */
async function transfer(
  memory: MemoryFolder | undefined,
  when: "after" | "beside",
): Promise<EndReport> {
  const folder = mkdtempSync(join(memory?.path ?? tmpdir(), "dwcp-loopback-"));
  // A virtual machine may have to ask its host for each page that a new file takes, at a quarter of the rate that is measured
  // here. The file takes the pages of this one instead, which goes when the clock starts.
  const room = memory === undefined ? "-" : join(folder, "room");
  try {
    return await between(
      ["receive", join(folder, "store"), when],
      ["send", HOST, BYTES, STREAMS, 0, WARM_BYTES, room, when],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function between(
  serving: readonly string[],
  sending: readonly (string | number)[],
): Promise<EndReport> {
  const server = await serve(here, serving);
  try {
    return await ask(here, sending);
  } finally {
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
  }
}
