import { expect, test } from "@jest/globals";
import { IdMap } from "#src/sched/id-map.js";
import { CountingHash, expectLikeMap, fewWords } from "../support/map-model.js";
import fc from "fast-check";

// Many of which have one place between them.
const placed = fc.nat(15).map((high) => (high * 2048 + (high % 3)) >>> 0);

test("whatever comes and goes, it holds what a Map does", () => {
  expectLikeMap((hash) => new IdMap(hash), fc.oneof(fewWords, placed));
});

test("numbers that follow one another are not hashed, however many there were", () => {
  const counting = new CountingHash();
  const map = new IdMap<object>(counting);
  const under = 300;
  for (let at = 0; at < 20_000; at++) {
    map.set(0, at, {});
    if (at < under) continue;
    expect(map.get(0, at - under)).toBeDefined();
    expect(map.delete(0, at - under)).toBe(true);
  }
  expect(counting.calls).toBe(0);
});

test("keys that were chosen to have one place cost no more than any others", () => {
  const counting = new CountingHash();
  const map = new IdMap<object>(counting);
  const keys = Array.from({ length: 20_000 }, (_, i) => [
    { hi: i, lo: 5 },
    { hi: 0, lo: Math.imul(i + 1, 4096) >>> 0 },
  ]).flat();
  for (const { hi, lo } of keys) map.set(hi, lo, {});
  counting.calls = 0;
  for (const { hi, lo } of keys) expect(map.get(hi, lo)).toBeDefined();
  for (const { hi, lo } of keys) expect(map.delete(hi, lo)).toBe(true);
  expect(counting.calls / keys.length).toBeLessThan(5);
  expect(map.size).toBe(0);
});
