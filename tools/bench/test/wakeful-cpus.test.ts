import { expect, test } from "@jest/globals";
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { type CpuState, keepCpusAwake } from "@proj/bench";

const SCHED_IDLE = 5;
const able = spawnSync("chrt", ["--idle", "0", "true"], { stdio: "ignore" }).status === 0;

onlyWithChrt(
  "keeps a thread of idle priority busy on every core, until it is released",
  async () => {
    const held = await keepCpusAwake();
    expect(held.state).toEqual({ kind: "awake" });
    const [spinners = 0] = spinnersOf(process.pid);
    const policies = readdirSync(`/proc/${spinners}/task`).map((thread) =>
      schedulingPolicy(`/proc/${spinners}/task/${thread}/stat`),
    );
    expect(policies.length).toBeGreaterThanOrEqual(availableParallelism());
    expect(new Set(policies)).toEqual(new Set([SCHED_IDLE]));
    await held.release();
    expect(spinnersOf(process.pid)).toEqual([]);
  },
);

onlyWithChrt("the spinners end with a process that is killed", async () => {
  const child = fork(fileURLToPath(new URL("./holding-process.js", import.meta.url)));
  const [state] = (await once(child, "message")) as [CpuState];
  expect(state).toEqual({ kind: "awake" });
  const [spinners = 0] = spinnersOf(child.pid ?? 0);
  expect(spinners).toBeGreaterThan(0);
  child.kill("SIGKILL");
  await once(child, "exit");
  // The time limit of the test ends what never comes true.
  while (isAlive(spinners)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isAlive(spinners)).toBe(false);
});

function onlyWithChrt(title: string, run: () => Promise<void>): void {
  if (able) test(title, run);
  else test.skip(`needs chrt: none that may set SCHED_IDLE, to see: ${title}`, run);
}

// Fields of /proc/<pid>/stat behind the name, which may hold anything: the third is the first here.
function fields(path: string): string[] {
  const text = readFileSync(path, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function schedulingPolicy(path: string): number {
  return Number(fields(path)[38]);
}

function spinnersOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return (
          Number(fields(`/proc/${name}/stat`)[1]) === parent &&
          readFileSync(`/proc/${name}/cmdline`, "utf8").includes("spinners.js")
        );
      } catch {
        // It ended in between.
        return false;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return fields(`/proc/${pid}/stat`)[0] !== "Z";
  } catch {
    return false;
  }
}
