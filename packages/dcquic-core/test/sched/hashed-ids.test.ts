import { expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { HashedIds } from "#src/sched/hashed-ids.js";
import { KeyHash } from "#src/sched/key-hash.js";
import { CountingHash, expectLikeMap, fewWords } from "../support/map-model.js";
import fc from "fast-check";

const hash = new KeyHash(new SeededRandom(7));

test("whatever comes and goes, it holds what a Map does", () => {
  const anyWord = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  expectLikeMap((by) => new HashedIds(by), fc.oneof(fewWords, anyWord));
});

test("what a flood needed is let go of", () => {
  const map = new HashedIds<object>(hash);
  for (let at = 0; at < 10_000; at++) map.set(0, at, {});
  for (let at = 0; at < 10_000; at++) expect(map.delete(0, at)).toBe(true);
  expect(map.size).toBe(0);
  expect(map.get(0, 7)).toBeUndefined();
  map.set(0, 7, {});
  expect(map.get(0, 7)).toBeDefined();
});

test("streams of one slot, and slots that a multiplication would put in one place, have few neighbours in the table", () => {
  const keys = Array.from({ length: 15_000 }, (_, i) => [
    { hi: i, lo: 5 },
    { hi: 0, lo: Math.imul(i + 9, 0x144c_bc89) >>> 0 },
  ]).flat();
  const counting = new CountingHash();
  const map = new HashedIds<object>(counting);
  for (const { hi, lo } of keys) map.set(hi, lo, {});
  counting.calls = 0;
  // Every neighbour behind one that goes is asked where it belongs.
  for (const { hi, lo } of keys) expect(map.delete(hi, lo)).toBe(true);
  expect(counting.calls / keys.length).toBeLessThan(4);
});
