import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { DwcpNode, PeerAddress } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { randomBytes } from "node:crypto";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

let nodes: TwoNodes;

beforeEach(() => {
  nodes = new TwoNodes();
});

afterEach(async () => {
  await nodes.close();
});

function streamsOf(node: DwcpNode): readonly number[] {
  return node.traffic.filter(({ sessions }) => sessions > 0).map(({ streams }) => streams);
}

function wanting(count: number, more: { readonly maxStreamsTotal?: number } = {}) {
  const streams = { minStreams: 1, initialStreams: count, maxStreams: 16, autoStreams: false };
  return { ...streams, ...more };
}

async function receivers(count: number): Promise<readonly DwcpNode[]> {
  const listen = { host: "127.0.0.1", port: 0 };
  return await Promise.all(
    Array.from({ length: count }, (_, at) =>
      nodes.start({
        nodeId: `receiver ${at}`,
        listen,
        store: `${nodes.folder}/${at}`,
        streams: wanting(2),
      }),
    ),
  );
}

/** A node whose peers may have so many streams in all. */
async function receiverOf(maxStreamsTotal: number): Promise<DwcpNode> {
  return await nodes.start({
    nodeId: "receiver",
    listen: { host: "127.0.0.1", port: 0 },
    store: `${nodes.folder}/store`,
    streams: wanting(1, { maxStreamsTotal }),
  });
}

/** Sends something large enough to be under way for a while, slowly. */
function begin(sender: DwcpNode, peer: PeerAddress): { readonly end: () => Promise<unknown> } {
  const over = new AbortController();
  const from = randomBytes(40_000_000);
  const sending = sender.send(peer, { key: "long", from, level: 0, signal: over.signal });
  const ended = sending.catch((error: unknown) => error);
  return {
    end: () => {
      over.abort();
      return ended;
    },
  };
}

test("B13: sessions that a node opens share its streams: the second takes from the first, and leaves it to it", async () => {
  const [a, b] = await receivers(2);
  if (a === undefined || b === undefined) throw new Error("two listen");
  const sender = await nodes.start({
    nodeId: "sender",
    streams: wanting(8, { maxStreamsTotal: 8 }),
  });
  await sender.send(addressOf(a), { key: "k", from: randomBytes(1_000) });
  await until(() => streamsOf(sender)[0] === 8, "all streams for one", { everyMs: 5 });
  await sender.send(addressOf(b), { key: "k", from: randomBytes(1_000) });
  await until(() => String(streamsOf(sender)) === "4,4", "even shares", { everyMs: 5 });
  expect(sender.ceiling).toMatchObject({ most: 8, held: 8, isShort: true });
  const bytes = randomBytes(3_000_000);
  await sender.send(addressOf(b), { key: "k", generation: 2, from: bytes });
  expect(storedIn(b, "k").equals(bytes)).toBe(true);
  sender.limitStreams(2);
  await until(() => String(streamsOf(sender)) === "1,1", "one each", { everyMs: 5 });
  sender.limitStreams(100);
  await until(() => String(streamsOf(sender)) === "8,8", "as many as they want", { everyMs: 5 });
  expect(sender.ceiling.isShort).toBe(false);
  // Nothing of this was a failure.
  expect(sender.traffic.every(({ streamDeaths }) => streamDeaths.size === 0)).toBe(true);
  expect(sender.traffic.every(({ openings }) => openings.failed === 0)).toBe(true);
});

test("B13: sessions that peers open share a node's streams, without a unit sent twice for it", async () => {
  const receiver = await receiverOf(9);
  const slowly = await nodes.slowly(receiver, 3_000_000);
  const senders = await Promise.all(
    [0, 1, 2].map((at) => nodes.start({ nodeId: `sender ${at}`, streams: wanting(9) })),
  );
  const [first] = senders;
  if (first === undefined) throw new Error("it runs");
  const long = begin(first, slowly);
  await until(() => receiver.ceiling.held === 9, "all streams for one", { everyMs: 5 });
  for (const [at, sender] of senders.entries()) {
    if (at > 0) await sender.send(addressOf(receiver), { key: `k${at}`, from: randomBytes(1_000) });
  }
  const shares = (): string => String(senders.map((sender) => streamsOf(sender)[0]));
  await until(() => shares() === "3,3,3", "even shares", { everyMs: 5 });
  expect(receiver.ceiling).toMatchObject({ most: 9, held: 9, isShort: true });
  expect(receiver.ceiling.refused).toBeGreaterThan(0);
  expect(first.traffic[0]?.repeats).toEqual({ streamDied: 0, stalled: 0, refused: 0, hedged: 0 });
  expect(receiver.traffic.at(-1)?.streamDeaths.size).toBe(0);
  await long.end();
  const bytes = randomBytes(2_000_000);
  await first.send(slowly, { key: "after", from: bytes });
  expect(storedIn(receiver, "after").equals(bytes)).toBe(true);
}, 60_000);

test("B13: where others leave, a session asks for its streams again", async () => {
  const receiver = await receiverOf(6);
  const [a, b] = await Promise.all(
    ["a", "b"].map((nodeId) => nodes.start({ nodeId, streams: wanting(6) })),
  );
  if (a === undefined || b === undefined) throw new Error("two run");
  for (const node of [a, b]) {
    await node.send(addressOf(receiver), { key: "k", from: randomBytes(1_000) });
  }
  await until(() => streamsOf(a)[0] === 3 && streamsOf(b)[0] === 3, "even shares", { everyMs: 5 });
  await nodes.stop(a);
  await until(() => streamsOf(b)[0] === 6, "all streams for who stays");
});

test("B13: every session has its first stream, where there are more of them than streams", async () => {
  const receiver = await receiverOf(2);
  for (const at of [0, 1, 2, 3]) {
    const sender = await nodes.start({ nodeId: `sender ${at}`, streams: wanting(3) });
    const bytes = randomBytes(300_000);
    await sender.send(addressOf(receiver), { key: `k${at}`, from: bytes });
    expect(storedIn(receiver, `k${at}`).equals(bytes)).toBe(true);
  }
  await until(() => receiver.ceiling.held === 4, "one stream each", { everyMs: 5 });
});

test("B13: a peer that refused several streams at once is asked for one at a time from then on, and less and less often", async () => {
  const receiver = await receiverOf(1);
  const sender = await nodes.start({ nodeId: "sender", streams: wanting(9) });
  await sender.send(addressOf(receiver), { key: "k", from: randomBytes(1_000) });
  const refused = async (count: number): Promise<number> => {
    await until(() => receiver.ceiling.refused >= count, `${count} refusals`, { everyMs: 5 });
    return performance.now();
  };
  // All that it wanted at first, and one more: the session may have been longer at that than the first pause.
  const count = Math.max(10, receiver.ceiling.refused);
  const sinceMs = await refused(count);
  // Of three pauses two are seen whole, of 200 and 400 ms at least, give or take a half.
  expect((await refused(count + 3)) - sinceMs).toBeGreaterThan(290);
  expect(receiver.ceiling.refused).toBe(count + 3);
  expect(streamsOf(sender)).toEqual([1]);
});
