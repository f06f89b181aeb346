import { describe, expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import {
  type Faults,
  type MemoryAccessOptions,
  type PlannedTransfer,
  runWorkload,
  type WorkloadReport,
} from "@proj/dcquic-core/sim";
import { memoryAccessOf, mixOf, repeatOf, seedsOf } from "../support/mixes.js";
import { expectClean, lostOf } from "../support/settled.js";

const SECOND = 1_000_000;
const SIZES = [5000, 65_536, 65_537, 300_000, 1_000_000] as const;
const quick: MemoryAccessOptions = { delayUs: 5, bytesPerSecond: 1e10 };

const sealed: readonly PlannedTransfer[] = Array.from({ length: 20 }, (_, i) => ({
  from: i % 3,
  to: (i + 1) % 3,
  bytes: SIZES[i % SIZES.length] ?? 0,
  atUs: 10 * i,
  sealed: true,
}));

function run(memoryAccess?: MemoryAccessOptions, faults: Faults = {}): WorkloadReport {
  return runWorkload({
    seed: 1,
    hosts: 3,
    crypto: nullCrypto,
    transfers: sealed,
    untilUs: 60 * SECOND,
    faults,
    ...(memoryAccess === undefined ? {} : { memoryAccess }),
  });
}

function sumOf({ world }: WorkloadReport, counter: "rmaReads" | "rmaErrors"): number {
  return world.hosts.reduce((sum, { engine }) => sum + engine.counters[counter], 0);
}

describe("§16.3, §23: memory of other hosts", () => {
  test("is read instead of sent: bytes arrive whole, sooner, and hardly anything is put on the wire", () => {
    const [read, sent] = [run(quick), run()];
    for (const report of [read, sent]) {
      expect([report.delivered, report.failed]).toEqual([20, 0]);
      expectClean(report);
    }
    expect(sumOf(read, "rmaReads")).toBeGreaterThan(20);
    expect(sumOf(read, "rmaErrors")).toBe(0);
    expect(read.finishedUs).toBeLessThan(sent.finishedUs);
    expect(read.world.network.sentBytes).toBeLessThan(sent.world.network.sentBytes / 20);
    expect(run(quick).hash).toBe(read.hash);
  });

  test("takes as long as its pace and its delay say", () => {
    const slow = run({ delayUs: 20_000, bytesPerSecond: 1e8 });
    // A third of 5.7 MB is what each host reads.
    expect(slow.delivered).toBe(20);
    expect(slow.finishedUs).toBeGreaterThan(20_000 + (5.7e6 / 3 / 1e8) * SECOND);
  });

  test.each([
    { what: "fail now and then", access: { ...quick, failure: 0.05 } },
    { what: "all fail, so that everything comes by datagrams", access: { ...quick, failure: 1 } },
  ])("§16.4: nothing is lost where reads $what", ({ access }) => {
    const report = run(access);
    expect([report.delivered, report.failed]).toEqual([20, 0]);
    expect(sumOf(report, "rmaErrors")).toBeGreaterThan(0);
    expect(sumOf(report, "rmaReads") === 0).toBe(access.failure === 1);
    expectClean(report);
  });

  test("a read that takes so long that its bytes are asked for again, and sent, is no error when it ends", () => {
    const report = run({ ...quick, delayUs: 400_000 });
    expect([report.delivered, report.failed]).toEqual([20, 0]);
    expect(report.world.network.sentBytes).toBeGreaterThan(5e6);
    expect(sumOf(report, "rmaReads")).toBeGreaterThan(0);
    expect(sumOf(report, "rmaErrors")).toBe(0);
    expectClean(report);
  });

  test("nothing is delivered changed where reads bring other bytes, and what fails is told", () => {
    const report = run({ ...quick, corrupt: 0.2 });
    expect(report.delivered + report.failed).toBe(20);
    expect(lostOf(report)).toEqual([]);
    expectClean(report);
  });

  test("what a host offered before it crashed cannot be read", () => {
    const crashes = [{ host: 1, atUs: 150, signer: "kept" }] as const;
    const report = run({ ...quick, delayUs: 100 }, { crashes });
    const untouched = report.outcomes.filter(
      (_, i) => sealed[i]?.from !== 1 && sealed[i]?.to !== 1,
    );
    expect(untouched.every(({ deliveredUs }) => deliveredUs !== undefined)).toBe(true);
  });

  test("over random mixes of faults nothing is lost, doubled, changed or left behind", () => {
    for (const seed of seedsOf(4)) {
      const report = runWorkload({
        ...mixOf(seed),
        seed,
        hosts: 4,
        crypto: nullCrypto,
        memoryAccess: memoryAccessOf(seed),
        untilUs: 60 * SECOND,
      });
      const repeat = repeatOf(seed, "sim/memory-access");
      expect({ repeat, lost: lostOf(report) }).toEqual({ repeat, lost: [] });
      expectClean(report);
    }
  });
});
