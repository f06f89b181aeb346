// One object of random bytes, stored as it is, between two processes of this machine; beside it `node:net` alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fact, runSuite } from "@proj/bench";
import type { EndReport } from "./end-report.js";
import { ask, type Place, serve } from "./ends.js";

const HOST = "127.0.0.1";
const STREAMS = 4;
// Long enough for a rate: what happens once per transfer is little of it.
const BYTES = 1_500_000_000;
// What a process does for the first time takes longer: that is over before the clock starts.
const WARM_BYTES = 600_000_000;
const ROUNDS = 3;
const here: Place = { spawn };

await runSuite({
  name: "loopback",
  question:
    "How fast do two processes of one machine pass an object, and what does verifying it cost?",
  cases: [],
  facts: measure,
});

async function measure(): Promise<readonly Fact[]> {
  const memory = folderInMemory();
  const after: EndReport[] = [];
  const beside: EndReport[] = [];
  const plain: EndReport[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await between(["sink"], ["stream", HOST, BYTES]));
    after.push(await transfer(memory ?? tmpdir(), "after"));
    beside.push(await transfer(memory ?? tmpdir(), "beside"));
  }
  const disk = memory === undefined ? [] : [await transfer(tmpdir(), "beside")];
  const where = memory === undefined ? "on disk" : "in memory";
  return [
    fact(
      `raw: everything arrived and is written, ${where}`,
      after,
      ({ arrivedSeconds }) => arrivedSeconds,
      10,
    ),
    fact(`then hashed at both ends, compared and named, ${where}`, after, ({ seconds }) => seconds),
    fact(
      `hashed beside the transfer, compared and named, ${where}`,
      beside,
      ({ seconds }) => seconds,
    ),
    {
      name: `processor time of the sending process, its hash included, ${where}`,
      value: Math.min(...after.map(({ cpu }) => cpu.user + cpu.system)) / (BYTES / 1e9),
      unit: "s/GB",
    },
    ...(disk.length === 0
      ? []
      : [fact("hashed beside the transfer, on disk, with syncs", disk, ({ seconds }) => seconds)]),
    fact(
      "node:net alone: one connection, nothing checked or kept",
      plain,
      ({ seconds }) => seconds,
    ),
  ];
}

/** The best of several runs, since whatever else the machine does makes them slower only. */
function fact(
  name: string,
  reports: readonly EndReport[],
  secondsOf: (report: EndReport) => number,
  atLeast?: number,
): Fact {
  const best = Math.min(...reports.map(secondsOf));
  const stated = { name, value: (BYTES * 8) / best / 1e9, unit: "Gbit/s" };
  return atLeast === undefined ? stated : { ...stated, target: { atLeast } };
}

async function transfer(within: string, when: "after" | "beside"): Promise<EndReport> {
  const folder = mkdtempSync(join(within, "dwcp-loopback-"));
  try {
    return await between(
      ["receive", folder, when],
      ["send", HOST, BYTES, STREAMS, 0, WARM_BYTES, when],
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

/** Where files are memory: what a disk takes is not what is asked. */
function folderInMemory(): string | undefined {
  try {
    accessSync("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return undefined;
  }
}
