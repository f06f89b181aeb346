import { describe, expect, test } from "@jest/globals";
import {
  decodeAnnounce,
  encodeAnnounce,
  type StreamLayout,
  StreamMapping,
  wire,
} from "@proj/tensor-pool";
import { isWireError } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const SECOND = 1_000_000_000n;
const NOW = 1_000n * SECOND;
const file = (path: string) => ({ kind: "file", path, requireHugepages: false }) as const;
const layout: StreamLayout = {
  streamId: 10_000,
  producerId: 7,
  epoch: 50n,
  announceTimestampNs: NOW,
  clock: "monotonic",
  nslots: 64,
  ring: file("/dev/shm/x/header.ring"),
  pools: [{ poolId: 1, strideBytes: 1_024, uri: file("/dev/shm/x/1.pool") }],
};

function decode(bytes: Uint8Array): StreamLayout | string {
  return decodeAnnounce(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
}

test("a layout comes back as it was announced", () => {
  expect(decode(encodeAnnounce(layout))).toEqual(layout);
});

describe("§7: an announce is refused", () => {
  const good = wire.decodeShmPoolAnnounce(encodeAnnounce(layout));
  const [pool] = good.payloadPools;
  if (pool === undefined) throw new Error("no pool");
  test.each<[string, Partial<wire.ShmPoolAnnounce>, string]>([
    ["another layout", { layoutVersion: 2 }, "layout version 2"],
    ["other slots", { headerSlotBytes: 128 }, "header slots of 128 bytes"],
    ["slots that are no power of two", { headerNslots: 63 }, "63 slots"],
    ["no slots", { headerNslots: 0 }, "0 slots"],
    ["no pools", { payloadPools: [] }, "no pools"],
    ["two pools of one id", { payloadPools: [pool, pool] }, "two pools of one id"],
    ["other slots in a pool", { payloadPools: [{ ...pool, poolNslots: 32 }] }, "has 32 slots"],
    ["a stride of 65", { payloadPools: [{ ...pool, strideBytes: 65 }] }, "strides of 65"],
    ["a stride of 0", { payloadPools: [{ ...pool, strideBytes: 0 }] }, "strides of 0"],
    ["no ring", { headerRegionUri: "" }, "the header ring's URI"],
    ["no file", { payloadPools: [{ ...pool, regionUri: "shm://a/b" }] }, "the URI of pool 1"],
  ])("%s", (_what, changed, sentence) => {
    expect(decode(wire.encodeShmPoolAnnounce({ ...good, ...changed }))).toContain(sentence);
  });
});

test("any bytes are a layout, a sentence or a typed error", () => {
  const bytes = encodeAnnounce(layout);
  const flip = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.array(flip, { maxLength: 12 }),
      fc.nat({ max: bytes.length }),
      (flips, length) => {
        const damaged = bytes.slice();
        for (const [at, byte] of flips) damaged[at] = byte;
        try {
          decodeAnnounce(new DataView(damaged.buffer), 0, length);
        } catch (error) {
          if (!isWireError(error)) throw error;
        }
      },
    ),
    fuzzRuns(500),
  );
});

describe("§26.7: epochs", () => {
  const at = (changes: Partial<StreamLayout> = {}): StreamLayout => ({ ...layout, ...changes });
  function mapped(): StreamMapping {
    const mapping = new StreamMapping({ joinTimeNs: NOW - 10n * SECOND });
    expect(mapping.announced(at(), NOW, NOW)).toEqual({ kind: "map", layout: at() });
    mapping.mapped();
    return mapping;
  }

  test("the same epoch again keeps what is mapped", () => {
    expect(mapped().announced(at(), NOW, NOW)).toEqual({ kind: "none", why: "fresh" });
  });

  test("a lower epoch is ignored, a higher one is mapped", () => {
    const mapping = mapped();
    expect(mapping.announced(at({ epoch: 49n }), NOW, NOW)).toEqual({ kind: "none", why: "older" });
    expect(mapping.announced(at({ epoch: 51n }), NOW, NOW)).toMatchObject({ kind: "map" });
  });

  test("another layout in one epoch ends it until a higher one", () => {
    const mapping = mapped();
    const changed = at({ ring: file("/dev/shm/y/header.ring") });
    expect(mapping.announced(changed, NOW, NOW)).toEqual({
      kind: "unmap",
      reason: "changedLayout",
    });
    expect(mapping.announced(at(), NOW, NOW)).toEqual({ kind: "none", why: "older" });
    expect(mapping.announced(at({ epoch: 51n }), NOW, NOW)).toMatchObject({ kind: "map" });
  });

  test("stale and future announces are ignored", () => {
    const mapping = new StreamMapping({ joinTimeNs: 0n });
    const late = NOW + 3n * SECOND + 1n;
    expect(mapping.announced(at(), late, late)).toEqual({ kind: "none", why: "stale" });
    const early = NOW - 3n * SECOND - 1n;
    expect(mapping.announced(at(), early, early)).toEqual({ kind: "none", why: "stale" });
  });

  test("announces from before this reader joined are ignored, by the monotonic clock only", () => {
    const mapping = new StreamMapping({ joinTimeNs: NOW + 1n });
    expect(mapping.announced(at(), NOW, NOW)).toEqual({ kind: "none", why: "beforeJoin" });
    expect(mapping.announced(at({ clock: "realtime" }), NOW, NOW)).toMatchObject({ kind: "map" });
  });

  test("mapping that failed is tried again", () => {
    const mapping = new StreamMapping({ joinTimeNs: 0n });
    mapping.announced(at(), NOW, NOW);
    mapping.failed();
    expect(mapping.announced(at(), NOW, NOW)).toMatchObject({ kind: "map" });
  });

  test("§9: silence and stale activity together mean that the producer is dead", () => {
    const mapping = mapped();
    const later = NOW + 4n * SECOND;
    expect(mapping.tick(later, later)).toEqual({ kind: "none", why: "fresh" });
    expect(mapping.tick(later, NOW)).toEqual({ kind: "unmap", reason: "producerSilent" });
    expect(mapping.tick(later, NOW)).toEqual({ kind: "none", why: "fresh" });
  });

  test("what was abandoned is mapped again in a higher epoch only", () => {
    const mapping = mapped();
    expect(mapping.abandon()).toEqual({ kind: "unmap", reason: "leaseLost" });
    expect(mapping.announced(at(), NOW, NOW)).toEqual({ kind: "none", why: "older" });
    expect(mapping.announced(at({ epoch: 51n }), NOW, NOW)).toMatchObject({ kind: "map" });
  });
});
