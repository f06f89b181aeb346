import { describe, expect, test } from "@jest/globals";
import { type DcquicEvent, memoryTarget } from "@proj/dcquic-core";
import { setImmediate } from "node:timers/promises";
import type { SimPools } from "@proj/dcquic-core/sim";
import { runUntil, simPools } from "../support/sim-pools.js";

const SLOW = { bytesPerSecond: 1_000_000 };
const BYTES = 400_000;
// With so many pauses the conversation outlives the old path, which is kept for a minute.
const TURNS = 20;
const PAUSE_US = 4_000_000;

function movesOf(pools: SimPools, host: number): DcquicEvent[] {
  const moves: DcquicEvent[] = [];
  pools.pool(host).subscribe({
    level: "info",
    onEvent: (event) => {
      if (event.kind === "router.transferMoved") moves.push(event);
    },
  });
  return moves;
}

function payload(): Uint8Array {
  return Uint8Array.from({ length: BYTES }, (_, i) => (i * 31) & 255);
}

describe("§7.1, §10.4: what outlives its path's secret goes on under the next one", () => {
  test("a bulk transfer, whole", async () => {
    const pools = simPools({ network: SLOW });
    const moves = movesOf(pools, 1);
    const memory = new Uint8Array(BYTES);
    pools.pool(1).serve({
      accept: async (incoming) => {
        await incoming.place(memoryTarget(memory));
      },
    });
    const call = pools.pool(0).rawBulkTransfer("1", payload());
    pools.world.schedule(50_000, () => pools.rehandshake(0, 1, 50_000));
    expect(await runUntil(pools, call.done, 200e6)).toEqual({ bytes: BYTES });
    expect(Buffer.compare(memory, payload())).toBe(0);
    expect(moves).toHaveLength(1);
  });

  test.each([
    ["dialer", 0, 1],
    ["listener", 1, 0],
  ] as const)(
    "a conversation that the %s began, in order, while either side is behind",
    async (_name, from, to) => {
      const pools = simPools({ faults: { loss: 0.05, duplicate: 0.05 } });
      // The dialer makes the first path, whoever speaks first.
      await runUntil(pools, pools.pool(0).connect("1"));
      const heard: number[] = [];
      pools.pool(to).serve({
        accept: async (incoming) => {
          for await (const { bytes } of incoming) {
            heard.push(bytes[0] ?? -1);
            await incoming.write(Uint8Array.from(bytes));
          }
          incoming.end();
        },
      });
      const talk = async (): Promise<number[]> => {
        const call = pools.pool(from).bidirectional(String(to));
        const answers = call[Symbol.asyncIterator]();
        const got: number[] = [];
        for (let i = 0; i < TURNS; i++) {
          // Some ride in their announcements, some are pulled.
          await call.write(new Uint8Array(i % 3 === 0 ? 5000 : 10).fill(i));
          const { value } = await answers.next();
          got.push(value?.bytes[0] ?? -1);
          await new Promise<void>((resolve) =>
            pools.world.schedule(pools.world.nowUs + PAUSE_US, resolve),
          );
        }
        call.end();
        expect((await answers.next()).done).toBe(true);
        return got;
      };
      const talked = talk();
      pools.world.schedule(pools.world.nowUs + 5e6, () => pools.rehandshake(0, 1, 10e6));
      const wanted = Array.from({ length: TURNS }, (_each, i) => i);
      expect(await runUntil(pools, talked, 300e6)).toEqual(wanted);
      expect(heard).toEqual(wanted);
      await pools.run(pools.world.nowUs + 5e6, () => setImmediate());
      expect([pools.pool(0).stats.streams, pools.pool(1).stats.bufferBytes]).toEqual([0, 0]);
    },
  );
});
