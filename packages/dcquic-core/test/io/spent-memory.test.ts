import { memoryUsage } from "node:process";
import { expect, test } from "@jest/globals";
import { nodeCrypto } from "@proj/dcquic-core/node";
import { SpentMemory } from "#src/io/spent-memory.js";
import { aeadJob } from "#src/crypto/backend.js";

const pieces = (count: number, bytes: number): Uint8Array[] =>
  Array.from({ length: count }, () => new Uint8Array(bytes).fill(1));

test("memory that was used goes back, 32 pieces at once, and again", () => {
  const spent = new SpentMemory();
  const used = pieces(65, 1400);
  for (const piece of used.slice(0, 31)) spent.add(piece);
  expect(used.every(({ length }) => length === 1400)).toBe(true);
  for (const piece of used.slice(31)) spent.add(piece);
  expect(used.map(({ length }) => length)).toEqual([...pieces(64, 0).map(() => 0), 1400]);
});

test("memory that is short, shared or part of something larger stays as it is", () => {
  const spent = new SpentMemory();
  const whole = new Uint8Array(4000).fill(7);
  const shared = new Uint8Array(new SharedArrayBuffer(1400)).fill(7);
  const short = pieces(40, 100);
  for (const piece of short) spent.add(piece);
  for (let i = 0; i < 40; i++) {
    spent.add(whole.subarray(0, 1400));
    spent.add(whole.subarray(2600));
    spent.add(shared);
  }
  expect(short.every(({ length }) => length === 100)).toBe(true);
  expect([whole.length, shared.length]).toEqual([4000, 1400]);
  expect([whole[3999], shared[1399]]).toEqual([7, 7]);
});

test("§16.2: packets that node:crypto seals and opens leave no memory behind for the collector", () => {
  const bytes = new Uint8Array(40 + 1344 + 16);
  const aead = nodeCrypto.aead(new Uint8Array(32).fill(1));
  const job = { ...aeadJob(), aad: bytes, aadLength: 40, bytes, bodyOffset: 40, bodyLength: 1344 };
  job.tagOffset = 40 + 1344;
  const before = memoryUsage().arrayBuffers;
  for (let i = 0; i < 200; i++) {
    aead.seal(job);
    expect(aead.open(job)).toBe(true);
  }
  expect(memoryUsage().arrayBuffers - before).toBeLessThan(200_000);
  expect(bytes.subarray(40, 1384).every((byte) => byte === 0)).toBe(true);
});
