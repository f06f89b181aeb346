import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Codec, type OfferMessage, SLOT_NONE, SLOT_SELF, type UnitBody } from "@proj/dwcp";
import { HdePool } from "#src/io/workers/hde-pool.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ObjectStore } from "#src/io/store/object-store.js";
import { UnitDecoder } from "#src/io/transfer/unit-decoder.js";
import { limits, noise, platform } from "../support/hde.js";

const raw = noise(300_000, 1);
let folder: string;
let pool: HdePool;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unit-decoder-"));
  pool = new HdePool(1);
});
afterEach(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

function decoder(part: Uint8Array | undefined): UnitDecoder {
  const path = join(folder, "part");
  if (part !== undefined) writeFileSync(path, part);
  const offer: OfferMessage = {
    kind: "OFFER",
    transferId: "00".repeat(16),
    objectKey: "k",
    generation: 1,
    rawLength: raw.length,
    pageBytes: 4_096,
    leafBytes: 1_048_576,
    hash: "sha-256",
    baselines: [{ slot: 4, id: "ab".repeat(32), length: 5 }],
    dictionaries: [{ slot: 1, id: "cd".repeat(32) }],
    transferKind: "blob",
    priority: 0,
    metadata: {},
  };
  const store = new ObjectStore(join(folder, "store"), platform);
  return new UnitDecoder(
    { offer, store, pool, platform, dictionary: () => undefined },
    { path, length: raw.length },
    limits,
  );
}

function same(baselineSlot: number): UnitBody {
  const rawCrc = platform.crc32(raw);
  const encoded = new Uint8Array(0);
  const plain = { codecFlags: 0, dictionarySlot: 0, rawOffset: 0, rawBytes: raw.length };
  return { ...plain, codec: Codec.SAME, baselineSlot, rawCrc, encoded };
}

test("B6: own data that are here are used; that are not, or not all, say which slot lacks them", async () => {
  expect(platform.equal(await decoder(raw).decode(same(SLOT_SELF)), raw)).toBe(true);
  for (const part of [raw.subarray(0, 100_000), new Uint8Array(raw.length), undefined]) {
    rmSync(join(folder, "part"), { force: true });
    const failed = decoder(part).decode(same(SLOT_SELF));
    await expect(failed).rejects.toMatchObject({ details: { slot: SLOT_SELF } });
  }
});

test("B6: a unit that needs a baseline and own data says first that it lacks own data", async () => {
  const joint: UnitBody = { ...same(4), codec: Codec.JOINT_ZSTD, encoded: new Uint8Array([0]) };
  await expect(decoder(undefined).decode(joint)).rejects.toMatchObject({
    details: { slot: SLOT_SELF },
  });
});

test("B4: slots of an offer that are not here are not said to be", async () => {
  const one = decoder(raw);
  expect(one.slots).toEqual({ baselines: [], dictionaries: [] });
  await expect(one.decode(same(4))).rejects.toMatchObject({ code: "dwcp.baseline_missing" });
  const stored: UnitBody = { ...same(SLOT_NONE), codec: Codec.RAW, encoded: raw };
  expect(platform.equal(await one.decode(stored), raw)).toBe(true);
  one.close();
});
