import { expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { IdMap } from "#src/sched/id-map.js";
import { KeyHash } from "#src/sched/key-hash.js";
import fc from "fast-check";

const runs = Number(process.env["FUZZ_RUNS"] ?? 100);
const hash = new KeyHash(new SeededRandom(7));

class CountingHash extends KeyHash {
  calls = 0;
  override of(hi: number, lo: number): number {
    this.calls += 1;
    return super.of(hi, lo);
  }
}

// Few keys, many of which have one place between them.
const word = fc.oneof(fc.nat(9), fc.integer({ min: 2 ** 32 - 4, max: 2 ** 32 - 1 }));
const placed = fc.nat(15).map((high) => (high * 2048 + (high % 3)) >>> 0);

test("whatever comes and goes, it holds what a Map does", () => {
  const key = fc.tuple(fc.boolean(), word, fc.oneof(word, placed));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), (steps) => {
      const map = new IdMap<{ readonly step: number }>(hash);
      const model = new Map<string, readonly [hi: number, lo: number, value: object]>();
      steps.forEach(([sets, hi, lo], step) => {
        const name = `${hi} ${lo}`;
        if (sets) {
          const value = { step };
          map.set(hi, lo, value);
          model.set(name, [hi, lo, value]);
        } else expect(map.delete(hi, lo)).toBe(model.delete(name));
        expect(map.get(hi, lo)).toBe(model.get(name)?.[2]);
        expect(map.size).toBe(model.size);
      });
      for (const [hi, lo, value] of model.values()) expect(map.get(hi, lo)).toBe(value);
    }),
    { numRuns: runs },
  );
});

test("numbers that follow one another are not hashed, however many there were", () => {
  const counting = new CountingHash(new SeededRandom(3));
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
  const counting = new CountingHash(new SeededRandom(3));
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
