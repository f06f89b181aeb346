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

/** Two hosts; the second answers whatever comes, and notes in `ends` how it ended. */
function worldOf(seed: number, ends = new Set<string>()): SimPools {
  const pools = simPools({ seed, faults: { loss: 0.02 } });
  pools.pool(1).serve({
    accept: async (incoming) => {
      void endOf(incoming.closed).then((end) => ends.add(end));
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

function endOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (error: unknown) => (isWireError(error) ? error.code : String(error)),
  );
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
  readonly peerSaw: ReadonlySet<string>;
}

/** Forty calls through a shared handle, whose lane is cut at some moment unless `isCut` is false. */
async function run(seed: number, isCut: boolean): Promise<Run> {
  const peerSaw = new Set<string>();
  const pools = worldOf(seed, peerSaw);
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
  return { outcomes, sent: lane.sent, cutAtUs, peerSaw };
}

test("§14: a thread that ends at any moment of any call leaves nothing behind, and its calls end, at their peer with APP_TERMINATED", async () => {
  const [all, seen] = [new Set<string>(), new Set<string>()];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { outcomes, peerSaw } = await run(seed, true);
    for (const outcome of outcomes) all.add(outcome);
    for (const end of peerSaw) seen.add(end);
  }
  expect([...all].toSorted()).toEqual(["dcquic.going_away", "done"]);
  expect([...seen].toSorted()).toEqual(["dcquic.app_terminated", "done"]);
});

test("§14: what a thread that ends has read and not used holds its peers back no longer, and others answer them", async () => {
  const pools = simPools({ config: { notifyWindow: 4, replayNotifyWindow: 256 } });
  const { pool, lane } = await attachedInSim(pools, 0);
  let held = 0;
  pool.serve({
    accept: (incoming) => {
      const messages = incoming.accept()[Symbol.asyncIterator]();
      void messages.next().then(() => (held += 1));
    },
  });
  const calls = Array.from({ length: 4 }, async () => {
    const call = pools.pool(1).streamingRequest("0");
    const response = endOf(call.response);
    await call.write(new Uint8Array(5000));
    return response;
  });
  await pools.run(1e6, setImmediate);
  expect(held).toBe(4);
  lane.cut();
  await pools.run(2e6, setImmediate);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["dcquic.app_terminated"]));
  pools.pool(0).serve({ accept: (incoming) => incoming.reply(new Uint8Array(3)) });
  for (let i = 0; i < 3; i++) {
    const answers = Array.from({ length: 8 }, async () => {
      const { response } = pools.pool(1).unaryRpc("0", new Uint8Array(5000));
      return (await response).bytes.length;
    });
    await pools.run((3 + i) * 1e6, setImmediate);
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 8 }, () => 3));
  }
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
