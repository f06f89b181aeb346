import { setImmediate } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { memoryTarget, type TransportPool } from "@proj/dcquic-core";
import type { SimPools } from "@proj/dcquic-core/sim";
import { isWireError, SeededRandom } from "@proj/wire-types";
import { attachedInSim } from "../support/lanes.js";
import { expectClean } from "../support/settled.js";
import { simPools } from "../support/sim-pools.js";

const SEEDS = 8;
const PEER = "1";

function word(random: SeededRandom, below: number): number {
  const bytes = random.fill(new Uint8Array(4));
  return new DataView(bytes.buffer).getUint32(0) % below;
}

function worldOf(seed: number): SimPools {
  const pools = simPools({ seed, faults: { loss: 0.02 } });
  pools.pool(1).serve({
    accept: async (incoming) => {
      if (incoming.pattern === "rawBulk") {
        await incoming.place(memoryTarget(new Uint8Array(incoming.size)));
        return;
      }
      let bytes = 0;
      for await (const message of incoming) bytes += message.bytes.length;
      await incoming.reply(new Uint8Array(Math.min(bytes, 100_000)));
    },
  });
  return pools;
}

/** Begins a call of any pattern; resolves with how it ended. */
async function callOnce(pool: TransportPool, random: SeededRandom): Promise<string> {
  const size = word(random, 4) === 0 ? word(random, 300_000) : word(random, 3000);
  const options = { priority: word(random, 8) };
  const payload = new Uint8Array(size);
  try {
    switch (word(random, 5)) {
      case 0:
        await pool.unaryRpc(PEER, payload, options).response;
        break;
      case 1:
        for await (const message of pool.streamingResponse(PEER, payload, options))
          message.release();
        break;
      case 2: {
        const call = pool.streamingRequest(PEER, options);
        for (let i = 0; i < 5; i++) await call.write(payload);
        call.end();
        await call.response;
        break;
      }
      case 3: {
        const call = pool.bidirectional(PEER, options);
        await call.write(payload);
        call.end();
        for await (const message of call) message.release();
        break;
      }
      default: {
        const buffer = (await pool.allocateBuffer(size)).write(payload).fill();
        await pool.rawBulkTransfer(PEER, buffer, options).done.finally(() => buffer.drop());
      }
    }
    return "done";
  } catch (error) {
    return isWireError(error) ? error.code : String(error);
  }
}

interface Run {
  readonly outcomes: readonly string[];
  readonly sent: readonly unknown[];
  readonly cutAtUs: number;
}

/** Forty calls through a shared handle, whose lane is cut at some moment unless `isCut` is false. */
async function run(seed: number, isCut: boolean): Promise<Run> {
  const pools = worldOf(seed);
  const random = new SeededRandom(1000 + seed);
  const { pool, lane } = await attachedInSim(pools, 0);
  const cutAtUs = word(random, 8000);
  const calls = Array.from({ length: 40 }, () => callOnce(pool, random));
  if (isCut) pools.world.schedule(cutAtUs, () => lane.cut());
  await pools.run(60e6, setImmediate);
  const outcomes = await Promise.all(calls);
  expectClean(pools);
  const { streams, bufferBytes } = pools.pool(0).stats;
  expect([streams, bufferBytes, pool.stats.openCalls, pool.stats.streams]).toEqual([0, 0, 0, 0]);
  return { outcomes, sent: lane.sent, cutAtUs };
}

test("§14: a thread that ends at any moment of any call leaves nothing behind, and its calls end", async () => {
  const all = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { outcomes } = await run(seed, true);
    for (const outcome of outcomes) all.add(outcome);
  }
  expect([...all].toSorted()).toEqual(["dcquic.going_away", "done"]);
});

test("calls through a shared handle all end in order over a network that loses, and leave nothing behind", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { outcomes } = await run(seed, false);
    expect(new Set(outcomes)).toEqual(new Set(["done"]));
  }
});

test("the same seed says the same over the lane", async () => {
  const [once, again] = [await run(3, true), await run(3, true)];
  expect(again.sent.length).toBeGreaterThan(50);
  expect(again.sent).toEqual(once.sent);
  expect(again.outcomes).toEqual(once.outcomes);
});

test("a closed handle gives its buffers back, and nobody writes to them any more", async () => {
  const pools = worldOf(1);
  const { pool } = await attachedInSim(pools, 0);
  const buffer = await pool.allocateBuffer(100_000);
  buffer.write(new Uint8Array(1000));
  expect(pools.pool(0).stats.bufferBytes).toBeGreaterThan(100_000);
  const closed = pool.close();
  await pools.run(pools.world.nowUs + 1e6, setImmediate);
  await closed;
  expect(pools.pool(0).stats.bufferBytes).toBe(0);
  expect(() => buffer.write(new Uint8Array(99_000))).toThrow(TypeError);
  buffer.drop();
  // The owner's own handle lives on.
  const { response } = pools.pool(0).unaryRpc(PEER, new Uint8Array(10));
  await pools.run(pools.world.nowUs + 1e6, setImmediate);
  expect((await response).bytes.length).toBe(10);
});

test("a handle that was shared can be shared again, and goes with the one that it came from", async () => {
  const pools = worldOf(2);
  const { pool } = await attachedInSim(pools, 0);
  const again = await attachedInSim({ world: pools.world, pool: () => pool }, 0);
  const payload = new Uint8Array(200_000).fill(3);
  const buffer = (await again.pool.allocateBuffer(payload.length)).write(payload).fill();
  const answers = [
    again.pool.unaryRpc(PEER, payload).response.then(({ bytes }) => bytes.length),
    again.pool.rawBulkTransfer(PEER, buffer).done.then(({ bytes }) => bytes),
  ];
  await pools.run(pools.world.nowUs + 5e6, setImmediate);
  expect(await Promise.all(answers)).toEqual([100_000, 200_000]);
  again.lane.cut();
  await pools.run(pools.world.nowUs + 5e6, setImmediate);
  expect(pools.pool(0).stats.bufferBytes).toBe(0);
});
