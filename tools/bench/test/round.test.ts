import { describe, expect, test } from "@jest/globals";
import { calibrate, runRound } from "#src/round.js";

describe("runRound", () => {
  test("counts the calls of a batch", async () => {
    let calls = 0;
    const sample = await runRound(() => calls++, {
      pace: { kind: "batch" },
      roundMs: 1,
      batchCalls: 10,
    });
    expect(sample.calls).toBe(calls);
    expect(calls % 10).toBe(0);
  });

  test("keeps the asked number of calls in flight", async () => {
    let now = 0;
    let most = 0;
    const call = async (): Promise<void> => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
    };
    const sample = await runRound(call, {
      pace: { kind: "pipelined", inFlight: 4 },
      roundMs: 2,
      batchCalls: 1,
    });
    expect(most).toBe(4);
    expect(sample.calls).toBeGreaterThanOrEqual(4);
  });

  test("adds the CPU time of the processes that took part", async () => {
    let user = 1000;
    const sample = await runRound(async () => undefined, {
      pace: { kind: "sequential" },
      roundMs: 1,
      batchCalls: 1,
      foreignCpu: async () => ({ user: (user += 1_000_000), system: 0 }),
    });
    expect(sample.cpuUs).toBeGreaterThanOrEqual(1_000_000);
  });
});

test("calibrate finds a batch of at least one call", () => {
  const slow = (): void => {
    const endMs = performance.now() + 3;
    while (performance.now() < endMs);
  };
  expect(calibrate(slow, 1)).toBe(1);
});
