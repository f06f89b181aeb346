import { describe, expect, test } from "@jest/globals";
import { memoryTarget, nullCrypto, type TransportPool } from "@proj/dcquic-core";
import { type PlannedTransfer, runWorkload, type SimPools } from "@proj/dcquic-core/sim";
import { expectClean } from "../support/settled.js";
import { runUntil, simPools } from "../support/sim-pools.js";

const SECOND = 1_000_000;

/** Messages from host 0 to host 1, one after the other. */
function messages(count: number, bytes: number, everyUs: number): readonly PlannedTransfer[] {
  return Array.from({ length: count }, (_, i) => ({ from: 0, to: 1, bytes, atUs: everyUs * i }));
}

function hostsOf(pools: SimPools): readonly TransportPool[] {
  return pools.world.hosts.map(({ index }) => pools.pool(index));
}

describe("§23: storms", () => {
  test.each([{ loss: 0 }, { loss: 0.03 }])(
    "of requests and responses, everyone calling everyone: all are answered, at a loss of $loss",
    async (faults) => {
      const pools = simPools({ hosts: 12, faults });
      const all = hostsOf(pools);
      for (const pool of all) {
        pool.serve({
          accept: async (incoming) => {
            const { bytes } = await incoming.request();
            await incoming.reply(bytes.slice().fill((bytes[0] ?? 0) + 1));
          },
        });
      }
      const calls = all.flatMap((pool, from) =>
        all.flatMap((peer, to) =>
          from === to
            ? []
            : [10, 800, 3000].map(async (size) => {
                const payload = new Uint8Array(size).fill(from);
                const { bytes } = await pool.unaryRpc(peer.name, payload).response;
                return bytes.length === size && bytes.every((byte) => byte === from + 1);
              }),
        ),
      );
      const answers = await runUntil(pools, Promise.all(calls), 60 * SECOND);
      expect(answers).toHaveLength(12 * 11 * 3);
      expect(answers.every(Boolean)).toBe(true);
    },
  );
});

test("§11, §23: credit that is lost blocks nobody for good", () => {
  const report = runWorkload({
    seed: 3,
    hosts: 2,
    crypto: nullCrypto,
    transfers: messages(200, 300, 50),
    // The announcer is heard all the time; most of what it is told is not.
    faults: {
      partitions: [0, 1, 2, 3].map((i) => ({
        from: 1,
        to: 0,
        fromUs: 300 + 30_000 * i,
        untilUs: 25_000 + 30_000 * i,
      })),
    },
    config: { notifyWindow: 4 },
    untilUs: 60 * SECOND,
  });
  expect(report.world.host(0).engine.counters.creditWaits).toBeGreaterThan(0);
  expect([report.delivered, report.failed]).toEqual([200, 0]);
  expectClean(report);
});

test("§10.3, §23: a storm of challenges, because announcements come after their window went by, loses and doubles nothing", () => {
  const report = runWorkload({
    seed: 6,
    hosts: 3,
    crypto: nullCrypto,
    transfers: Array.from({ length: 3000 }, (_, i) => ({
      from: 1 + (i % 2),
      to: 0,
      bytes: i % 7 === 0 ? 2500 : 900,
      atUs: 2 * i,
    })),
    network: { delayUs: 1000 },
    faults: { loss: 0.3, reorder: { probability: 0.3, delayUs: 20_000 }, duplicate: 0.1 },
    config: {
      replayNotifyWindow: 256,
      notifyWindow: 256,
      inlineStartBytes: 1_000_000,
      inlinePoolBytes: 8_000_000,
    },
    untilUs: 60 * SECOND,
  });
  expect(report.world.host(0).engine.counters.challenges).toBeGreaterThan(50);
  expect([report.delivered, report.failed]).toEqual([3000, 0]);
  expectClean(report);
});

test("§12, §23: a switch that marks is slowed down for, and has nothing to drop", () => {
  const transfers = Array.from({ length: 64 }, (_, i) => ({
    from: 1 + (i % 8),
    to: 0,
    bytes: 100_000,
    atUs: 0,
  }));
  const report = runWorkload({
    seed: 3,
    hosts: 9,
    crypto: nullCrypto,
    transfers,
    network: { ceThresholdBytes: 20_000, queueBytes: 400_000 },
    untilUs: 60 * SECOND,
  });
  expect(report.world.network.marked).toBeGreaterThan(0);
  expect(report.world.host(0).engine.counters.ceMarks).toBeGreaterThan(0);
  expect(report.world.network.queueDrops).toBe(0);
  expect([report.delivered, report.failed]).toEqual([64, 0]);
});

test("§8.5, §23: a broadcast to 64 of whom some refuse, some crash and some are cut off reaches all others", async () => {
  const PEERS = Array.from({ length: 64 }, (_, i) => i + 1);
  const refusing = new Set([5, 17]);
  const crashing = new Set([9, 33]);
  const cut = new Set([21, 50]);
  const pools = simPools({
    hosts: 65,
    faults: {
      loss: 0.01,
      crashes: [...crashing].map((host) => ({ host, atUs: 200, signer: "lost" })),
      nicDown: [...cut].map((host) => ({ host, fromUs: 200, untilUs: 1e9 })),
    },
  });
  const content = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  let whole = 0;
  for (const peer of PEERS) {
    pools.pool(peer).serve({
      accept: async (incoming) => {
        if (refusing.has(peer)) return incoming.reject();
        const memory = new Uint8Array(incoming.size);
        await incoming.place(memoryTarget(memory));
        if (memory.every((byte, i) => byte === i % 251)) whole += 1;
        return undefined;
      },
    });
  }
  const send = async () => {
    const buffer = await pools.pool(0).allocateBuffer(content.length);
    buffer.write(content).fill();
    const { all } = pools.pool(0).broadcast(PEERS.map(String), buffer);
    buffer.drop();
    return all;
  };
  const outcomes = await runUntil(pools, send(), 60 * SECOND);
  const failed = [...outcomes].filter(([, { status }]) => status === "rejected");
  expect(new Set(failed.map(([peer]) => Number(peer)))).toEqual(
    new Set([...refusing, ...crashing, ...cut]),
  );
  expect(whole).toBe(58);
  expect(pools.world.host(0).buffers.references).toBe(0);
});
