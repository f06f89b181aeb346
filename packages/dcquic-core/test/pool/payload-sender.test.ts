import { expect, test } from "@jest/globals";
import { BufferRegistry, type EnginePort } from "@proj/dcquic-core";
import { SeededRandom } from "@proj/wire-types";
import { PayloadSender } from "#src/pool/payload-sender.js";
import { nodeCrypto } from "#src/io/node-crypto.js";

const port = {
  buffers: new BufferRegistry(16 * 1_048_576),
  crypto: nodeCrypto,
  random: new SeededRandom(1),
  nowUs: 0,
} as unknown as EnginePort;

const rules = { priority: 3, inline: "auto", protection: "record", inlineMaxBytes: 1024 } as const;

async function sealing(sender: PayloadSender, bytes: number) {
  const { payload } = await sender.prepare(new Uint8Array(bytes));
  if (payload instanceof Uint8Array || payload.sealing === undefined) {
    throw new Error("the payload is not sealed");
  }
  const { dataKey, messageNumber } = payload.sealing;
  return { key: Buffer.from(dataKey ?? []).toString("hex"), messageNumber };
}

test("§7.3: small messages to one peer share a data key under numbers of their own; nobody else's do", async () => {
  const [one, other] = [new PayloadSender(port, rules), new PayloadSender(port, rules)];
  const [first, second] = [await sealing(one, 2000), await sealing(one, 65_536)];
  expect(second.key).toBe(first.key);
  expect([first.messageNumber, second.messageNumber]).toEqual([0, 1]);
  expect((await sealing(other, 2000)).key).not.toBe(first.key);
  // What is long has a key of its own, as the buffers of applications have, which go to several peers.
  const long = await sealing(one, 65_537);
  expect(long.key).not.toBe(first.key);
  expect(long.messageNumber).toBe(0);
  expect((await sealing(one, 1025)).messageNumber).toBe(2);
});
