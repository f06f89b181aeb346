import { describe, expect, test } from "@jest/globals";
import { type Cores, portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { Worker } from "node:worker_threads";
import { native } from "../native-peer.js";
import type { WorkerReport } from "./cores-worker.js";

function valueOf<T>(outcome: { kind: "done"; value: T } | { kind: "refused"; reason: string }): T {
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome.value;
}

function coresCases(cores: Cores): void {
  test("the main thread has the number of its process", () => {
    expect(cores.threadId()).toEqual({ kind: "done", value: process.pid });
  });

  test("reads this machine's processors", () => {
    const { cpus, nodes } = valueOf(cores.topology());
    expect(cpus.length).toBeGreaterThan(0);
    expect(nodes.flatMap((node) => node.cpus).toSorted((a, b) => a - b)).toEqual(
      cpus.map(({ id }) => id),
    );
    for (const { id, siblings } of cpus) expect(siblings).toContain(id);
  });

  test("reports capabilities by the same names", () => {
    const names = cores.capabilities().map(({ name }) => name);
    expect(names).toEqual(["cores.pin", "cores.scheduling", "cores.isolation"]);
  });
}

describe("portable cores", () => {
  const { cores } = portable;
  coresCases(cores);

  test("refuses what only native code can do", () => {
    const refusal = { kind: "refused", errno: "ENOTSUP" };
    expect(cores.pin([0])).toMatchObject(refusal);
    expect(cores.affinity()).toMatchObject(refusal);
    expect(cores.scheduling()).toMatchObject(refusal);
    expect(cores.setScheduling({ policy: "batch", priority: 0 })).toMatchObject(refusal);
    expect(cores.setNice(1)).toMatchObject(refusal);
  });
});

describeWith("native cores", native, ({ cores }) => {
  coresCases(cores);

  test("pins a worker from within, and leaves the main thread alone", async () => {
    const before = valueOf(cores.affinity());
    const last = before.at(-1) ?? 0;
    const worker = new Worker(new URL("./cores-worker.js", import.meta.url), { workerData: last });
    const report = await new Promise<WorkerReport>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    expect(report.thread).toEqual({ kind: "done", value: expect.any(Number) });
    expect(report.thread).not.toEqual(cores.threadId());
    expect(report.pinned).toEqual({ kind: "done", value: [last] });
    expect(report.nice).toEqual({ kind: "done", value: 5 });
    expect(report.batch).toEqual({ kind: "done", value: { policy: "batch", priority: 0 } });
    expect(cores.affinity()).toEqual({ kind: "done", value: before });
    // Another thread can be looked at, and moved, by its number.
    const thread = valueOf(report.thread);
    expect(cores.affinity(thread)).toEqual({ kind: "done", value: [last] });
    expect(cores.pin(before, thread)).toEqual({ kind: "done", value: before });
    await worker.terminate();
  });

  test("refuses gracefully", () => {
    const refused = (errno: string) => expect.objectContaining({ kind: "refused", errno });
    expect(cores.pin([])).toEqual(refused("EINVAL"));
    expect(cores.pin([8191])).toEqual(refused("EINVAL"));
    expect(cores.affinity(1)).toEqual(refused("ESRCH"));
    expect(cores.pin([0], 1)).toEqual(refused("ESRCH"));
    expect(cores.setNice(3, 1)).toEqual(refused("ESRCH"));
    expect(cores.scheduling(2 ** 31 - 1)).toEqual(refused("ESRCH"));
    expect(cores.setScheduling({ policy: "other", priority: 50 })).toEqual(refused("EINVAL"));
  });

  test("refuses what cannot be", () => {
    const range = expect.objectContaining({ name: "RangeError" });
    expect(() => cores.pin([-1])).toThrow(range);
    expect(() => cores.pin([8192])).toThrow(range);
    expect(() => cores.setNice(20)).toThrow(range);
    expect(() => cores.affinity(-1)).toThrow(range);
    expect(() => cores.setScheduling({ policy: "fifo", priority: 100 })).toThrow(range);
  });
});
