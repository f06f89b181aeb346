import { expect, test } from "@jest/globals";
import { Codec, decodeUnit, WorkMemory } from "@proj/dwcp";
import { contextOf, noise, platform } from "../support/hde.js";

test("memory is the same from one unit to the next, and grows where it must", () => {
  const memory = new WorkMemory();
  const first = memory.take(100);
  expect(first.length).toBe(100);
  expect(memory.take(60_000).buffer).toBe(first.buffer);
  const larger = memory.take(1_000_000);
  expect(larger.length).toBe(1_000_000);
  expect(memory.take(100).buffer).toBe(larger.buffer);
});

test("more than 16 MiB are not kept", () => {
  const memory = new WorkMemory();
  const kept = memory.take(1_000);
  expect(memory.take(16_777_217).length).toBe(16_777_217);
  expect(memory.take(1_000).buffer).toBe(kept.buffer);
});

test("a unit fills the memory that it is given, and no other length", () => {
  const raw = noise(5_000, 1);
  const unit = {
    rawOffset: 0,
    rawBytes: raw.length,
    rawCrc: platform.crc32(raw),
    codec: Codec.RAW,
    codecFlags: 0,
    baselineSlot: 0xffff,
    dictionarySlot: 0,
    encoded: raw,
  };
  const into = new Uint8Array(raw.length);
  expect(decodeUnit(unit, contextOf(), into)).toBe(into);
  expect(Buffer.compare(into, raw)).toBe(0);
  for (const length of [0, 4_999, 5_001]) {
    expect(() => decodeUnit(unit, contextOf(), new Uint8Array(length))).toThrow(RangeError);
  }
});
