import { expect, test } from "@jest/globals";
import { setImmediate } from "node:timers/promises";
import { nullCrypto } from "@proj/dcquic-core";
import { runUntil, simPools } from "../support/sim-pools.js";
import { usedBytes } from "../support/used-bytes.js";

const [WARM, STREAMS] = [1000, 5000];
// docs/performance.md states what was measured: 2925 bytes.
const BOTH_BYTES = 4096;

test("§20: a stream that is open and idle takes nothing of an engine, and little at both ends together", async () => {
  const pools = simPools({ crypto: nullCrypto });
  const calls: unknown[] = [];
  const incoming: unknown[] = [];
  pools.pool(1).serve({
    accept: (stream) => {
      stream.accept();
      incoming.push(stream);
    },
  });
  const open = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) calls.push(pools.pool(0).bidirectional("1"));
    const step = async (): Promise<void> => {
      while (incoming.length !== calls.length) await setImmediate();
    };
    await runUntil(pools, step());
    await pools.run(pools.world.nowUs + 2e6, () => Promise.resolve());
  };
  await open(WARM);
  const before = usedBytes();
  await open(STREAMS);
  expect((usedBytes() - before) / STREAMS).toBeLessThanOrEqual(BOTH_BYTES);
  for (const { engine, index } of pools.world.hosts) {
    expect(pools.pool(index).stats.streams).toBe(WARM + STREAMS);
    expect(engine.stats).toMatchObject({ entries: 0, timers: 0, closes: 0, tracked: 0 });
  }
});
