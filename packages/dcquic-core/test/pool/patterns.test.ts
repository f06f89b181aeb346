import { describe, expect, test } from "@jest/globals";
import { equalBytes } from "@proj/wire-types";
import { type Acceptor, type Message, nullCrypto } from "@proj/dcquic-core";
import { runUntil, simPools } from "../support/sim-pools.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function serving(accept: Acceptor["accept"]): ReturnType<typeof simPools> {
  const pools = simPools({ crypto: nullCrypto });
  pools.pool(1).serve({ accept });
  return pools;
}

async function collect(messages: AsyncIterable<Message>): Promise<number[][]> {
  const all: number[][] = [];
  for await (const message of messages) all.push([...message.bytes]);
  return all;
}

/** Nothing of the run may be left: no stream, no transfer, no reference. */
async function expectQuiet(pools: ReturnType<typeof simPools>): Promise<void> {
  await pools.run(pools.world.nowUs + 2e6, () => Promise.resolve());
  for (const { engine, buffers, index } of pools.world.hosts) {
    const { tracked, outstandingBytes, closes } = engine.stats;
    expect({ tracked, outstandingBytes, closes }).toEqual({
      tracked: 0,
      outstandingBytes: 0,
      closes: 0,
    });
    expect(buffers.references).toBe(0);
    expect(pools.pool(index).stats).toMatchObject({ streams: 0, openCalls: 0, waiting: 0 });
  }
}

describe("§3 row 1, transport pool, §4: the five patterns", () => {
  test("unary: one message there and one back, with headers both ways and meta", async () => {
    const pools = serving(async (incoming) => {
      expect([...incoming.meta]).toEqual([7]);
      expect([...((await incoming.headers) ?? [])]).toEqual([1, 2]);
      const { bytes: request } = await incoming.request();
      incoming.sendHeaders(bytes(3));
      await incoming.reply(request.map((byte) => byte + 1));
    });
    const call = pools.pool(0).unaryRpc("1", bytes(10, 20), {
      headers: bytes(1, 2),
      meta: bytes(7),
    });
    const response = await runUntil(pools, call.response);
    expect([...response.bytes]).toEqual([11, 21]);
    expect([...((await call.headers) ?? [])]).toEqual([3]);
    await expectQuiet(pools);
  });

  test("streaming response: any number back, in order, with an end", async () => {
    const pools = serving(async (incoming) => {
      const { bytes: request } = await incoming.request();
      for (let i = 0; i < (request[0] ?? 0); i++) await incoming.write(bytes(i));
      incoming.end();
    });
    for (const count of [0, 1, 200]) {
      const call = pools.pool(0).streamingResponse("1", bytes(count));
      const all = await runUntil(pools, collect(call));
      expect(all).toEqual([...Array(count).keys()].map((i) => [i]));
      expect(await call.headers).toBeUndefined();
    }
    await expectQuiet(pools);
  });

  test("streaming request: any number there, one back", async () => {
    const pools = serving(async (incoming) => {
      const all = await collect(incoming);
      await incoming.reply(bytes(all.length, ...all.flat()));
    });
    for (const count of [0, 1, 100]) {
      const call = pools.pool(0).streamingRequest("1");
      void (async () => {
        for (let i = 0; i < count; i++) await call.write(bytes(i));
        call.end();
      })();
      const response = await runUntil(pools, call.response);
      expect([...response.bytes]).toEqual([count, ...Array(count).keys()]);
    }
    await expectQuiet(pools);
  });

  test("bidirectional: both write as they like and end on their own", async () => {
    const pools = serving(async (incoming) => {
      for await (const message of incoming) await incoming.write(message.copy());
      await incoming.write(bytes(99), { last: true });
    });
    const call = pools.pool(0).bidirectional("1", { headers: bytes(5) });
    void (async () => {
      for (let i = 0; i < 100; i++) await call.write(bytes(i));
      call.end();
    })();
    const all = await runUntil(pools, collect(call));
    expect(all).toEqual([...Array(100).keys(), 99].map((i) => [i]));
    await runUntil(pools, call.closed);
    await expectQuiet(pools);
  });

  test("raw bulk: placed into memory, with progress and a status", async () => {
    const content = new Uint8Array(1_000_000).map((_, i) => i * 7);
    const memory = new Uint8Array(content.length);
    const pools = serving(async (incoming) => {
      const written: number[] = [];
      const result = await incoming.place({
        write: (offset, part) => {
          written.push(part.length);
          memory.set(part, offset);
        },
      });
      expect(result.bytes).toBe(content.length);
      expect(written.length).toBe(16);
    });
    const call = pools.pool(0).rawBulkTransfer("1", content.slice());
    expect((await runUntil(pools, call.done)).bytes).toBe(content.length);
    expect(call.progress.ackedBytes).toBe(call.progress.totalBytes);
    expect(equalBytes(memory, content)).toBe(true);
    await expectQuiet(pools);
  });
});

describe("§4: what an answerer may ask and say more than once", () => {
  test("a request is the same each time, and there is one reply", async () => {
    const tried: unknown[] = [];
    const pools = serving(async (incoming) => {
      const [first, second] = [incoming.request(), incoming.request()];
      const { bytes: request } = await first;
      expect((await second).bytes).toEqual(request);
      await incoming.reply(request);
      tried.push(await incoming.reply(request).catch((error: unknown) => error));
      tried.push(await incoming.write(request).catch((error: unknown) => error));
      incoming.end();
    });
    const response = await runUntil(pools, pools.pool(0).unaryRpc("1", bytes(1)).response);
    expect([...response.bytes]).toEqual([1]);
    await expectQuiet(pools);
    expect(tried).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  test("what is asked after a call failed rejects with what ended it", async () => {
    const asked: Promise<unknown>[] = [];
    const pools = serving(async (incoming) => {
      await incoming.request();
      await incoming.closed.catch(() => undefined);
      asked.push(incoming.closed, incoming.reply(bytes(1)), incoming.headers);
    });
    const call = pools.pool(0).unaryRpc("1", bytes(1));
    const failed = call.response.catch((error: unknown) => error);
    pools.world.schedule(10_000, () => call.cancel());
    await runUntil(pools, failed);
    await expectQuiet(pools);
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  });
});
