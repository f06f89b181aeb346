import { expect, test } from "@jest/globals";
import { runUntil, simPools } from "../support/sim-pools.js";

const BYTES_PER_SECOND = 1.25e8;
const CALLS = 30;
const URGENT = 0;
const LATER = 6;
const BULK_BYTES = 100_000;

/** How long calls of priority 0 take, one after the other, while others keep the pools and the link busy. µs, sorted. */
async function latencies(background: {
  readonly calls: number;
  readonly bulk: number;
}): Promise<readonly number[]> {
  const pools = simPools({
    config: { nicBytesPerSecond: BYTES_PER_SECOND, notifyWindow: 32 },
    network: { bytesPerSecond: BYTES_PER_SECOND, delayUs: 50 },
  });
  const [caller, answerer] = [pools.pool(0), pools.pool(1)];
  answerer.serve({
    accept: async (incoming) => {
      const { bytes } = await incoming.request();
      await incoming.reply(bytes.subarray(0, 128));
    },
  });
  const state = { isOver: false };
  const repeat = async (bytes: number): Promise<void> => {
    while (!state.isOver) {
      const options = { priority: LATER };
      (await caller.unaryRpc("1", new Uint8Array(bytes), options).response).release();
    }
  };
  const busy = [
    ...Array.from({ length: background.calls }, () => repeat(128)),
    ...Array.from({ length: background.bulk }, () => repeat(BULK_BYTES)),
  ];
  const measure = async (): Promise<number[]> => {
    const took: number[] = [];
    for (let i = 0; i < CALLS; i++) {
      const begunUs = pools.world.nowUs;
      const options = { priority: URGENT };
      (await caller.unaryRpc("1", new Uint8Array(128), options).response).release();
      took.push(pools.world.nowUs - begunUs);
    }
    state.isOver = true;
    return took.toSorted((a, b) => a - b);
  };
  const took = await runUntil(pools, measure());
  await runUntil(pools, Promise.all(busy));
  return took;
}

test("§4.1: p99 of priority 0 under calls and bulk of low priority is at most twice that alone", async () => {
  const p99 = (took: readonly number[]): number => took[Math.ceil(0.99 * CALLS) - 1] ?? Infinity;
  const alone = p99(await latencies({ calls: 0, bulk: 0 }));
  const loaded = p99(await latencies({ calls: 40, bulk: 1 }));
  expect(loaded).toBeLessThanOrEqual(2 * alone);
});
