import { afterEach, describe, expect, test } from "@jest/globals";
import type { DcquicEvent, TransportPool } from "@proj/dcquic-core";
import { createServer } from "node:net";
import { once } from "node:events";
import { localPool } from "../support/udp-pools.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const second = "127.0.0.2";
// Not every system has more than one address of itself without being told.
const hasSecond = await new Promise<boolean>((resolve) => {
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen({ host: second, port: 0 }, () => server.close(() => resolve(true)));
});
const onTwo = hasSecond ? test : test.skip;

/** A pool with two workers on each of two NICs, which sends back what it gets. */
async function twoCards(): Promise<{ pool: TransportPool; events: DcquicEvent[] }> {
  const nic = (address: string) => ({ address, bytesPerSecond: 1e9, flowBytesPerSecond: 1e9 });
  const settings = {
    preset: "twoCoreTest",
    workers: 4,
    nics: [nic("127.0.0.1"), nic(second)],
  } as const;
  const pool = await localPool({ settings });
  pools.push(pool);
  pool.serve({
    accept: async (incoming) => {
      await incoming.reply((await incoming.request()).bytes);
    },
  });
  const events: DcquicEvent[] = [];
  pool.subscribe({ level: "debug", onEvent: (event) => events.push(event) });
  return { pool, events };
}

async function caller(): Promise<TransportPool> {
  const pool = await localPool();
  pools.push(pool);
  return pool;
}

const portOf = (pool: TransportPool): string => pool.name.slice(pool.name.lastIndexOf(":") + 1);
const homesIn = (events: readonly DcquicEvent[]): readonly number[] =>
  events.filter(({ kind }) => kind === "transfer.delivered").map(({ worker }) => worker);

describe("§18: handshakes at every NIC", () => {
  onTwo("a dialer that knows only the second NIC gets in, and a home there", async () => {
    const { pool, events } = await twoCards();
    for (let i = 0; i < 4; i++) {
      const { response } = (await caller()).unaryRpc(
        `${second}:${portOf(pool)}`,
        new Uint8Array(9),
      );
      expect((await response).bytes).toHaveLength(9);
    }
    const homes = homesIn(events);
    expect(homes).toHaveLength(4);
    // The workers of odd numbers are on the second NIC.
    expect(homes.every((worker) => worker % 2 === 1)).toBe(true);
    expect(pool.stats.routes?.router.reassigned).toBe(0);
  });

  onTwo("the first NIC names no home: its dialers are spread over all workers", async () => {
    const { pool, events } = await twoCards();
    for (let i = 0; i < 12; i++) {
      await (await caller()).unaryRpc(pool.name, new Uint8Array(9)).response;
    }
    expect(new Set(homesIn(events).map((worker) => worker % 2))).toEqual(new Set([0, 1]));
  });

  onTwo(
    "who has to dial again and finds the first address closed tries the others that it heard of",
    async () => {
      const { pool } = await twoCards();
      const port = portOf(pool);
      const from = await caller();
      await from.unaryRpc(pool.name, new Uint8Array(9)).response;
      // What is under another secret is dialled anew.
      await pool.close();
      pools.splice(pools.indexOf(pool), 1);
      const nic = { address: second, bytesPerSecond: 1e9, flowBytesPerSecond: 1e9 };
      const again = await localPool({
        host: second,
        port: Number(port),
        settings: { preset: "twoCoreTest", workers: 1, nics: [nic] },
      });
      pools.push(again);
      again.serve({
        accept: async (incoming) => {
          await incoming.reply((await incoming.request()).bytes);
        },
      });
      const call = async (): Promise<number> => {
        const { response } = from.unaryRpc(`127.0.0.1:${port}`, new Uint8Array(7), {
          idempotent: true,
        });
        return (await response).bytes.length;
      };
      expect(await call()).toBe(7);
    },
    60_000,
  );

  onTwo("what cannot be bound at one address is bound at none", async () => {
    const taken = createServer().listen({ host: second, port: 0 });
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const nic = (address: string) => ({ address, bytesPerSecond: 1e9, flowBytesPerSecond: 1e9 });
    const settings = {
      preset: "twoCoreTest",
      workers: 2,
      nics: [nic("127.0.0.1"), nic(second)],
    } as const;
    await expect(localPool({ port, settings })).rejects.toMatchObject({
      code: "wire.connection_failed",
    });
    const free = createServer().listen({ host: "127.0.0.1", port });
    await once(free, "listening");
    free.close();
    taken.close();
  });
});
