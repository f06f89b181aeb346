import { expect, test } from "@jest/globals";
import { Codec } from "@proj/dwcp";
import { openSendSource } from "#src/io/transfer/send-source.js";
import { StoredExtents } from "#src/io/transfer/stored-extents.js";
import { noise, platform, settingsOf } from "../support/hde.js";

const shared = new Uint8Array(new SharedArrayBuffer(2_000_000));
shared.set(noise(800_000, 3));
shared.set(noise(700_000, 4), 1_300_000);
const object = openSendSource(shared);
const settings = { ...settingsOf(), level: 0 };

test("units are views that cover the extent from its page on, and zeros stay zeros", () => {
  const units = new StoredExtents(object, settings).encode(
    { start: 5_000, end: shared.length },
    262_144,
  );
  let at = 4_096;
  for (const { rawOffset, rawBytes, encoded, codec } of units) {
    expect(rawOffset).toBe(at);
    at += rawBytes;
    if (codec === Codec.ZERO) expect(encoded.length).toBe(0);
    else expect([encoded.buffer, encoded.byteOffset]).toEqual([shared.buffer, rawOffset]);
  }
  expect(at).toBe(shared.length);
  expect(new Set(units.map(({ codec }) => codec))).toEqual(new Set([Codec.RAW, Codec.ZERO]));
});

test("every byte that is stored is summed once, in units as long as they should be and a frame allows", () => {
  let summed = 0;
  const crc32: typeof platform.crc32 = (bytes, seed) => {
    summed += bytes.length;
    return platform.crc32(bytes, seed);
  };
  const counted = { ...settings, platform: { ...platform, crc32 }, maxEncodedBytes: 500_000 };
  const extents = new StoredExtents(object, counted);
  const whole = { start: 0, end: shared.length };
  for (const [unitBytes, longest] of [
    [1, 98_304],
    [262_144, 262_144],
    [1_048_576, 499_712],
  ] as const) {
    summed = 0;
    const stored = extents.encode(whole, unitBytes).filter(({ codec }) => codec === Codec.RAW);
    expect(Math.max(...stored.map(({ rawBytes }) => rawBytes))).toBe(longest);
    expect(summed).toBe(stored.reduce((sum, { rawBytes }) => sum + rawBytes, 0));
    for (const { encoded, rawCrc } of stored) expect(rawCrc).toBe(platform.crc32(encoded));
  }
});

test("only what is in memory and has to be searched for nothing is encoded here", () => {
  expect(StoredExtents.fits(object, settings)).toBe(true);
  expect(StoredExtents.fits(object, { ...settings, level: 1 })).toBe(false);
  const file = openSendSource(import.meta.filename);
  expect(StoredExtents.fits(file, settings)).toBe(false);
  file.close();
});
