import { expect, test } from "@jest/globals";
import {
  CHUNK_HEADER_BYTES,
  Codec,
  FRAME_HEADER_BYTES,
  SLOT_NONE,
  type UnitBody,
} from "@proj/dwcp";
import { cutStored } from "#src/io/transfer/plain-units.js";
import { noise, platform, settingsOf } from "../support/hde.js";

const raw = noise(1_000_000, 1);
const context = { settings: settingsOf(), platform };
const stored: UnitBody = {
  rawOffset: 4_096,
  rawBytes: raw.length,
  rawCrc: platform.crc32(raw),
  codec: Codec.RAW,
  codecFlags: 0,
  baselineSlot: SLOT_NONE,
  dictionarySlot: 0,
  encoded: raw,
};

test.each([4_096, 32_768, 200_000, 2_000_000])(
  "bytes that do not shrink take 0.1 % for headers at most, where the path wants units of %d",
  (unitBytes) => {
    const units = cutStored(stored, unitBytes, context);
    const headers = units.length * (CHUNK_HEADER_BYTES + FRAME_HEADER_BYTES);
    expect(headers).toBeLessThanOrEqual(raw.length * 0.001);
    let at = stored.rawOffset;
    for (const { rawOffset, rawBytes, rawCrc, encoded } of units) {
      expect([rawOffset, encoded.length]).toEqual([at, rawBytes]);
      expect(rawCrc).toBe(platform.crc32(encoded));
      expect(rawBytes).toBeLessThanOrEqual(Math.max(131_072, unitBytes + 4_096));
      at += rawBytes;
    }
    expect(at).toBe(stored.rawOffset + raw.length);
  },
);

test("what is encoded is cut nowhere", () => {
  const unit = { ...stored, codec: Codec.ZSTD };
  expect(cutStored(unit, 4_096, context)).toEqual([unit]);
});
