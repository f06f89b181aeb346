import { afterEach, expect, test } from "@jest/globals";
import { EventGroup, memoryTarget, presets, type TransportPool } from "@proj/dcquic-core";
import { equalBytes, SeededRandom } from "@proj/wire-types";
import { localPool } from "../support/udp-pools.js";

const pools: TransportPool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function made(settings: Parameters<typeof localPool>[0] = {}): Promise<TransportPool> {
  const pool = await localPool(settings);
  pools.push(pool);
  return pool;
}

test("§20: settings that contradict each other are refused with all their keys, before anything is bound", async () => {
  const settings = { recordBytes: 1000, pullQuantumBytes: 10 };
  const refused = localPool({ settings });
  await expect(refused).rejects.toThrow(RangeError);
  await expect(refused).rejects.toThrow(
    /pullQuantumBytes.*recordBytes|recordBytes.*pullQuantumBytes/s,
  );
});

test.each(Object.keys(presets) as (keyof typeof presets)[])(
  "§20: a pool carries bytes with the preset %s",
  async (preset) => {
    // As many workers as the preset has, on the cores that are here.
    const settings = { preset, cores: { count: 0, ids: [], poll: "auto" } } as const;
    const [caller, answerer] = [await made({ settings }), await made({ settings })];
    const content = new SeededRandom(1).fill(new Uint8Array(200_000));
    const memory = new Uint8Array(content.length);
    answerer.serve({
      accept: async (incoming) => void (await incoming.place(memoryTarget(memory))),
    });
    await caller.rawBulkTransfer(answerer.name, content).done;
    expect(equalBytes(memory, content)).toBe(true);
  },
);

test("§20: more reserved cores than the machine has are refused", async () => {
  const cores = { count: 100_000, ids: [], poll: "hybrid" } as const;
  await expect(localPool({ settings: { cores } })).rejects.toThrow(/cores\.count: 100000 of/);
});

test("§8.2: records are as large as the settings say, whatever the peer's are", async () => {
  const settings = { preset: "twoCoreTest", recordBytes: 16_384 } as const;
  const [caller, answerer] = [await made({ settings }), await made()];
  answerer.serve({ accept: async (incoming) => incoming.reply((await incoming.request()).bytes) });
  const buffer = await caller.allocateBuffer(100_000, { priority: 0 });
  // Seven records with a tag each.
  expect(caller.stats.bufferBytes).toBeGreaterThanOrEqual(100_000 + 7 * 16);
  const content = new SeededRandom(3).fill(new Uint8Array(100_000));
  buffer.write(content).fill();
  const { bytes } = await caller.unaryRpc(answerer.name, buffer).response;
  expect(equalBytes(bytes, content)).toBe(true);
  buffer.drop();
  await expect(localPool({ recordBytes: 1000 })).rejects.toThrow("records of 1000 bytes");
});

test("§8.1: two pools that prefer it authenticate headers and leave the rest to the records", async () => {
  const settings = { preset: "twoCoreTest", dataAuth: "headers" } as const;
  const [caller, answerer] = [await made({ settings }), await made({ settings })];
  const content = new SeededRandom(2).fill(new Uint8Array(300_000));
  const memory = new Uint8Array(content.length);
  const noted: string[] = [];
  answerer.subscribe({ mask: EventGroup.security, onEvent: ({ kind }) => noted.push(kind) });
  answerer.serve({
    accept: async (incoming) => void (await incoming.place(memoryTarget(memory))),
  });
  await caller.rawBulkTransfer(answerer.name, content).done;
  expect(equalBytes(memory, content)).toBe(true);
  expect(noted).toEqual([]);
});
