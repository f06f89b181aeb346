import { expect, test } from "@jest/globals";
import { SeededRandom } from "@proj/wire-types";
import { HashedIds } from "#src/sched/hashed-ids.js";
import { KeyHash } from "#src/sched/key-hash.js";
import fc from "fast-check";

const runs = Number(process.env["FUZZ_RUNS"] ?? 100);
const hash = new KeyHash(new SeededRandom(7));

const word = fc.oneof(fc.nat(9), fc.integer({ min: 2 ** 32 - 4, max: 2 ** 32 - 1 }));
const someWord = fc.oneof(word, fc.integer({ min: 0, max: 2 ** 32 - 1 }));

test("whatever comes and goes, it holds what a Map does", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), word, someWord), { maxLength: 200 }), (steps) => {
      const map = new HashedIds<{ readonly step: number }>(hash);
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
  class CountingHash extends KeyHash {
    calls = 0;
    override of(hi: number, lo: number): number {
      this.calls += 1;
      return super.of(hi, lo);
    }
  }
  const keys = Array.from({ length: 15_000 }, (_, i) => [
    { hi: i, lo: 5 },
    { hi: 0, lo: Math.imul(i + 9, 0x144c_bc89) >>> 0 },
  ]).flat();
  const counting = new CountingHash(new SeededRandom(3));
  const map = new HashedIds<object>(counting);
  for (const { hi, lo } of keys) map.set(hi, lo, {});
  counting.calls = 0;
  // Every neighbour behind one that goes is asked where it belongs.
  for (const { hi, lo } of keys) expect(map.delete(hi, lo)).toBe(true);
  expect(counting.calls / keys.length).toBeLessThan(4);
});
