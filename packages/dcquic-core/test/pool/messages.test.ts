import { describe, expect, test } from "@jest/globals";
import { type Incoming, type Message, nullCrypto } from "@proj/dcquic-core";
import { runUntil, simPools } from "../support/sim-pools.js";

type Pools = ReturnType<typeof simPools>;

function serving(accept: (incoming: Incoming) => Promise<void>): Pools {
  const pools = simPools({ crypto: nullCrypto });
  pools.pool(1).serve({ accept });
  return pools;
}

async function allOf(messages: AsyncIterable<Message>): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

describe("a message that was released", () => {
  test("has no bytes any more; what was taken of it before stays", async () => {
    const pools = serving(async (incoming) => incoming.reply(Uint8Array.of(1, 2)));
    const call = pools.pool(0).unaryRpc("1", Uint8Array.of(0));
    const message = await runUntil(pools, call.response);
    const [bytes, copy] = [message.bytes, message.copy()];
    expect([...bytes]).toEqual([1, 2]);
    message.release();
    message.release();
    expect([message.bytes.length, message.copy().length, message.seq]).toEqual([0, 0, 0]);
    expect([[...bytes], [...copy]]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test("was one of many, and the next was asked for", async () => {
    const pools = serving(async (incoming) => {
      for (const value of [1, 2, 3]) await incoming.write(Uint8Array.of(value));
      incoming.end();
    });
    const call = pools.pool(0).streamingResponse("1", Uint8Array.of(0));
    const messages = await runUntil(pools, allOf(call));
    expect(messages.map(({ bytes, seq }) => [bytes.length, seq])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
  });
});

test("the messages of a request of many that are asked for one by one keep their bytes", async () => {
  const seen: number[] = [];
  const pools = serving(async (incoming) => {
    const [first, second] = [await incoming.request(), await incoming.request()];
    seen.push(...first.bytes, ...second.bytes);
    await incoming.reply(Uint8Array.of(0));
  });
  const call = pools.pool(0).streamingRequest("1");
  const sent = async (): Promise<void> => {
    await call.write(Uint8Array.of(1));
    await call.write(Uint8Array.of(2), { last: true });
    await call.response;
  };
  await runUntil(pools, sent());
  expect(seen).toEqual([1, 2]);
});
