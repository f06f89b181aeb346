import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { DwcpNode } from "@proj/dwcp/node";
import { Spool } from "#src/io/transfer/spool.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

let nodes: TwoNodes;
let sender: DwcpNode;
let receiver: DwcpNode;

beforeEach(async () => {
  nodes = new TwoNodes();
  receiver = await nodes.receiving();
  sender = await nodes.start({ nodeId: "sender" });
});

afterEach(async () => {
  await nodes.close();
});

/** Gives bytes in pieces that fit nothing, each after a wait. */
async function* pieces(bytes: Uint8Array, pieceBytes: number, waitMs = 0): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (waitMs > 0) await sleep(waitMs);
    yield Buffer.from(bytes.subarray(at, at + pieceBytes));
  }
}

test.each([0, 1, 4_095, 4_096, 1_048_576, 9_000_001])(
  "B4: a stream of %d bytes, whose length FIN states, arrives",
  async (length) => {
    const bytes = randomBytes(length);
    const from = pieces(bytes, 77_777);
    const sent = await sender.send(addressOf(receiver), { key: "stream", from });
    expect(sent.rawBytes).toBe(length);
    expect(storedIn(receiver, "stream").equals(bytes)).toBe(true);
    expect(receiver.store?.latest("stream")).toMatchObject({ length, rootHash: sent.rootHash });
  },
);

test("what a stream gave arrives before its end is known", async () => {
  const bytes = randomBytes(3_000_000);
  let arrived = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  async function* slowly(): AsyncGenerator<Buffer> {
    yield* pieces(bytes.subarray(0, 2_000_000), 100_000);
    await held;
    yield* pieces(bytes.subarray(2_000_000), 100_000);
  }
  await sender.send(addressOf(receiver), {
    key: "stream",
    from: slowly(),
    progress: (count) => {
      arrived = count;
      // All pages that were whole.
      if (count >= 1_998_848) release();
    },
  });
  expect(arrived).toBe(bytes.length);
  expect(storedIn(receiver, "stream").equals(bytes)).toBe(true);
});

test("a stream goes on where its receiver was restarted, without what was durable", async () => {
  const bytes = randomBytes(24_000_000);
  const address = addressOf(receiver);
  const sending = sender.send(address, { key: "stream", from: pieces(bytes, 200_000, 20) });
  await sleep(1_700);
  await nodes.stop(receiver);
  receiver = await nodes.receiving(address.port);
  const sent = await sending;
  expect(storedIn(receiver, "stream").equals(bytes)).toBe(true);
  expect(sent.wireBytes).toBeLessThan(2 * bytes.length);
});

test("a stream is sent against an earlier state", async () => {
  const first = randomBytes(2_000_000);
  await sender.send(addressOf(receiver), { key: "stream", from: first });
  const second = Buffer.from(first);
  second.fill(7, 500_000, 510_000);
  const sent = await sender.send(addressOf(receiver), {
    key: "stream",
    generation: 2,
    from: pieces(second, 64_000),
    baselines: [first],
  });
  expect(storedIn(receiver, "stream").equals(second)).toBe(true);
  expect(sent.wireBytes).toBeLessThan(200_000);
});

test("a stream that breaks is not published", async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield randomBytes(1_000_000);
    throw new Error("the pipe is gone");
  }
  const sending = sender.send(addressOf(receiver), { key: "stream", from: broken() });
  await expect(sending).rejects.toMatchObject({ code: "dwcp.source_changed" });
  expect(receiver.store?.latest("stream")).toBeUndefined();
});

test("a spool tells late listeners the same, and takes its file with it", async () => {
  const spool = new Spool(pieces(randomBytes(10_000), 3_000));
  await spool.whole();
  await spool.whole();
  expect(spool.length).toBe(10_000);
  expect(existsSync(spool.path)).toBe(true);
  spool.close();
  spool.close();
  expect(existsSync(spool.path)).toBe(false);
});
