// Best mode between two nodes with real sockets: seconds of a worker per extent. The stored file is the judge.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Codec, DwcpError } from "@proj/dwcp";
import type { DwcpNode } from "@proj/dwcp/node";
import { anchorSlots } from "#src/hde/anchor-index.js";
import { ExtentEncoder } from "#src/io/transfer/extent-encoder.js";
import { LoadGauge } from "#src/io/load-gauge.js";
import { openSendSource } from "#src/io/transfer/send-source.js";
import { WorkTally } from "#src/io/transfer/work-tally.js";
import { HdePool } from "#src/io/workers/hde-pool.js";
import { relinked } from "../support/baseline-shapes.js";
import { noise, settingsOf } from "../support/hde.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

const MIB = 2 ** 20;
const PART = MIB / 4;
// Brotli takes a second or two per MiB.
const old = noise(2.5 * MIB, 1);
const raw = Buffer.from(relinked(old));

let world: TwoNodes;

beforeEach(() => {
  world = new TwoNodes();
});

afterEach(() => world.close());

/** Two nodes, the second of which has the old state of `key`. */
async function haveOld(key: string): Promise<readonly [sender: DwcpNode, receiver: DwcpNode]> {
  const sender = await world.start({ nodeId: "sender", workers: 1 });
  const receiver = await world.receiving();
  await sender.send(addressOf(receiver), { key, from: old });
  return [sender, receiver];
}

test("an object goes by brotli, and what arrives is told extent by extent", async () => {
  const [sender, receiver] = await haveOld("again");
  const told: number[] = [];
  const best = await sender.send(addressOf(receiver), {
    key: "again",
    generation: 2,
    from: raw,
    baselines: [old],
    algorithm: "bsdiff",
    progress: (arrived) => told.push(arrived),
  });
  expect(storedIn(receiver, "again").equals(raw)).toBe(true);
  expect(Object.keys(best.units)).toEqual(["BSDIFF_BROTLI"]);
  expect(best.fallbacks).toBe(0);
  expect(new Set(told).size).toBeGreaterThan(2);
  expect(sender.work.units.get("BSDIFF_BROTLI")).toBe(best.units.BSDIFF_BROTLI);
});

test("a transfer that is cancelled leaves its workers to others within a unit", async () => {
  const [sender, receiver] = await haveOld("long");
  const asked = new AbortController();
  let arrived = 0;
  const sent = sender.send(addressOf(receiver), {
    key: "long",
    generation: 2,
    from: raw,
    baselines: [old],
    algorithm: "bsdiff",
    signal: asked.signal,
    progress: (bytes) => {
      arrived = bytes;
      if (bytes > 0) asked.abort();
    },
  });
  await expect(sent).rejects.toMatchObject({ code: "dwcp.cancelled" });
  expect(arrived).toBeLessThan(raw.length);
  const next = await sender.send(addressOf(receiver), { key: "next", from: raw.subarray(0, PART) });
  expect(next.rawBytes).toBe(PART);
  expect(storedIn(receiver, "next").equals(raw.subarray(0, PART))).toBe(true);
});

test("a node that closes meanwhile does not wait for what is left", async () => {
  const [sender, receiver] = await haveOld("long");
  let isUnderWay = (): void => undefined;
  const underWay = new Promise<void>((resolve) => {
    isUnderWay = resolve;
  });
  const sent = sender.send(addressOf(receiver), {
    key: "long",
    generation: 2,
    from: raw,
    baselines: [old],
    algorithm: "bsdiff",
    progress: (bytes) => (bytes > 0 ? isUnderWay() : undefined),
  });
  const ended = expect(sent).rejects.toBeInstanceOf(DwcpError);
  await underWay;
  const unitsThen = sender.work.units.get("BSDIFF_BROTLI") ?? 0;
  await world.stop(sender);
  await ended;
  expect((sender.work.units.get("BSDIFF_BROTLI") ?? 0) - unitsThen).toBeLessThanOrEqual(1);
});

test.each([
  ["agreed on it", Object.values(Codec), Codec.BSDIFF_BROTLI],
  ["did not", Object.values(Codec).filter((codec) => codec !== Codec.BSDIFF_BROTLI), Codec.BSDIFF],
])("B2: BSDIFF_BROTLI goes only to who knows it: the receiver %s", async (_, codecs, expected) => {
  const pool = new HdePool(1);
  const kept = openSendSource(old.subarray(0, PART));
  const baseline = { ...kept, slot: 3, id: "00", slots: anchorSlots(PART) };
  const encoder = new ExtentEncoder({
    pool,
    load: new LoadGauge(),
    work: new WorkTally(),
    object: openSendSource(raw.subarray(0, PART)),
    offer: { transferKind: "blob" },
    settings: settingsOf({ algorithm: "bsdiff" }),
    adaptive: false,
    cpuCeiling: 1,
  });
  try {
    encoder.begin(baseline, undefined, codecs);
    const units = await encoder.encode({ start: 0, end: PART }, "withoutOwn", undefined);
    expect([...new Set(units.map(({ codec }) => codec))]).toEqual([expected]);
  } finally {
    encoder.close();
    await pool.close();
  }
});
