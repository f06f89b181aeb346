import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { AtomicBuffer } from "@proj/aeron";
import { formatHex, parseHex } from "@proj/wire-types";
import { commitSlot, slotOffset, writeSlot } from "#src/region/slot-header.js";
import { readSuperblock, superblockFault, writeSuperblock } from "#src/region/superblock.js";

interface Vector {
  readonly name: string;
  readonly hex: string;
}
const file = join(import.meta.dirname, "../../vectors/tensor-pool-golden.json");
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] };

const EPOCH = 81_985_529_216_486_895n;
const pool = {
  kind: "pool",
  epoch: EPOCH,
  streamId: 10_000,
  nslots: 64,
  poolId: 1,
  strideBytes: 1_048_576,
} as const;
const ring = { ...pool, kind: "ring", poolId: 0, strideBytes: 0 } as const;

describe.each([
  ["ShmRegionSuperblock pool", pool],
  ["ShmRegionSuperblock header ring", ring],
] as const)("%s", (name, region) => {
  const bytes = parseHex(hexOf(name));

  test("§26.1: it is written to the byte", () => {
    const written = new Uint8Array(64);
    writeSuperblock(written, { ...region, pid: 4_242, nowNs: 1_768_400_000_123_456_789n });
    // The vector was touched a second later.
    new DataView(written.buffer).setBigUint64(56, 1_768_400_001_123_456_789n, true);
    expect(formatHex(written)).toBe(hexOf(name));
  });

  test("it is what its announce says, and each difference is named", () => {
    const found = readSuperblock(bytes);
    expect(superblockFault(found, region)).toBeUndefined();
    expect(superblockFault(found, { ...region, epoch: 1n })).toContain("epoch");
    expect(superblockFault(found, { ...region, streamId: 1 })).toContain("streamId");
    expect(superblockFault(found, { ...region, nslots: 32 })).toContain("nslots");
    expect(superblockFault(found, { ...region, poolId: 9 })).toContain("poolId");
    const other = region.kind === "pool" ? "ring" : "pool";
    expect(superblockFault(found, { ...region, kind: other })).toContain("regionType");
    expect(superblockFault(undefined, region)).toBe("it has no magic");
  });
});

test("§26.1: a committed slot is written to the byte", () => {
  const memory = new AtomicBuffer(new Uint8Array(64 + 64 * 256));
  writeSlot(memory, {
    valuesLenBytes: 24,
    index: 5,
    poolId: 1,
    timestampNs: 1_768_400_000_123_456_789n,
    metaVersion: 3,
    dtype: 9,
    majorOrder: 1,
    dims: [2, 3],
    strides: [12, 4],
    progressUnit: 1,
    progressStrideBytes: 12,
  });
  commitSlot(memory, 5, 5);
  const at = slotOffset(5);
  expect(formatHex(memory.bytes.subarray(at, at + 256))).toBe(
    hexOf("Header slot, seq 5 committed"),
  );
});

test("a region without its magic has no superblock", () => {
  expect(readSuperblock(new Uint8Array(64))).toBeUndefined();
  expect(readSuperblock(new Uint8Array(63))).toBeUndefined();
});

function hexOf(name: string): string {
  const vector = vectors.find((each) => each.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return vector.hex;
}
