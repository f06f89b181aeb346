import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DwcpNode } from "@proj/dwcp/node";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

const verification = "after";
let nodes: TwoNodes;
let sender: DwcpNode;
let receiver: DwcpNode;

beforeEach(async () => {
  nodes = new TwoNodes();
  receiver = await nodes.start({
    nodeId: "receiver",
    listen: { host: "127.0.0.1", port: 0 },
    store: join(nodes.folder, "store"),
    verification,
  });
  sender = await nodes.start({ nodeId: "sender", verification });
});

afterEach(async () => {
  await nodes.close();
});

test.each([0, 1, 1_048_577, 9_000_001])(
  "after the transfer, %d bytes are hashed, compared and named",
  async (length) => {
    const bytes = randomBytes(length);
    const sent = await sender.send(addressOf(receiver), { key: "k", from: bytes, level: 0 });
    expect(storedIn(receiver, "k").equals(bytes)).toBe(true);
    expect(receiver.store?.latest("k")?.rootHash).toBe(sent.rootHash);
  },
);

test("a stream is hashed when it has arrived", async () => {
  const bytes = randomBytes(5_000_000);
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 700_001) yield bytes.subarray(at, at + 700_001);
    await Promise.resolve();
  }
  const sent = await sender.send(addressOf(receiver), { key: "k", from: pieces() });
  expect(storedIn(receiver, "k").equals(bytes)).toBe(true);
  expect(receiver.store?.latest("k")?.rootHash).toBe(sent.rootHash);
});

test("what is committed already is not hashed again, and is the same", async () => {
  const request = {
    key: "k",
    from: randomBytes(3_000_000),
    transferId: randomBytes(16).toString("hex"),
  };
  const first = await sender.send(addressOf(receiver), request);
  expect((await sender.send(addressOf(receiver), request)).rootHash).toBe(first.rootHash);
});

// A leaf is read when everything has arrived, whatever happened to it before. docs/decisions/0190
test("bytes that somebody changes in the store before the last one is there come again", async () => {
  const bytes = randomBytes(6_000_000);
  const transferId = randomBytes(16).toString("hex");
  const part = join(nodes.folder, "store", "parts", `${transferId}.part`);
  let isChanged = false;
  await sender.send(await nodes.slowly(receiver, 4_000_000), {
    key: "k",
    from: bytes,
    transferId,
    progress: (arrived) => {
      if (isChanged || arrived < 4_000_000 || arrived === bytes.length) return;
      isChanged = true;
      const file = openSync(part, "r+");
      writeSync(file, Uint8Array.of((bytes[10] ?? 0) ^ 1), 0, 1, 10);
      closeSync(file);
    },
  });
  expect(isChanged).toBe(true);
  expect(storedIn(receiver, "k").equals(bytes)).toBe(true);
});
