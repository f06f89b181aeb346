import { expect, test } from "@jest/globals";
import { SpareMemory } from "#src/transfer/spare-memory.js";

const RECORD = 65_552;

test("§4: memory of a placed record serves the next one, whichever part of it was told", () => {
  const memory = new SpareMemory(4 * RECORD);
  const first = memory.take(RECORD);
  memory.give(first.subarray(0, RECORD - 16));
  expect(memory.bytes).toBe(RECORD);
  const second = memory.take(RECORD);
  expect(second.buffer).toBe(first.buffer);
  expect(second.length).toBe(RECORD);
  expect(memory.bytes).toBe(0);
});

test("§4: no more is kept than the limit, and nothing shorter than a record", () => {
  const memory = new SpareMemory(2 * RECORD);
  for (let i = 0; i < 5; i++) memory.give(new Uint8Array(RECORD));
  expect(memory.bytes).toBe(2 * RECORD);
  const short = new SpareMemory(2 * RECORD);
  short.give(new Uint8Array(1024));
  expect(short.bytes).toBe(0);
});

test("§4: the short end of a message leaves the memory of whole records, longer records replace it", () => {
  const memory = new SpareMemory(2 * RECORD);
  memory.give(new Uint8Array(RECORD));
  expect(memory.take(100).length).toBe(100);
  expect(memory.bytes).toBe(RECORD);
  expect(memory.take(2 * RECORD).length).toBe(2 * RECORD);
  expect(memory.bytes).toBe(0);
});
