import { expect, test } from "@jest/globals";
import { NumberMap } from "#src/sched/number-map.js";
import fc from "fast-check";

const runs = Number(process.env["FUZZ_RUNS"] ?? 100);

const key = fc.oneof(
  fc.nat(40),
  // Neighbours in the table, wherever their home is.
  fc.nat(40).map((step) => step * 2 ** 20),
  fc.integer({ min: 2 ** 32 - 4, max: 2 ** 32 + 4 }),
  fc.maxSafeNat(),
);

test("whatever comes and goes, it holds what a Map does", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 200 }), (steps) => {
      const map = new NumberMap<{ readonly step: number }>();
      const model = new Map<number, { readonly step: number }>();
      steps.forEach(([sets, at], step) => {
        if (sets) {
          const value = { step };
          map.set(at, value);
          model.set(at, value);
        } else expect(map.delete(at)).toBe(model.delete(at));
        expect(map.get(at)).toBe(model.get(at));
        expect(map.size).toBe(model.size);
      });
      for (const [at, value] of model) expect(map.get(at)).toBe(value);
      expect(new Set(map.values())).toEqual(new Set(model.values()));
    }),
    { numRuns: runs },
  );
});

test("keys between two numbers are found in short and in long spans", () => {
  const map = new NumberMap<string>();
  for (const at of [3, 5, 70, 1000, 2 ** 40]) map.set(at, `${at}`);
  expect(map.keysBetween(4, 6)).toEqual([5]);
  expect(map.keysBetween(0, 2 ** 41).toSorted((a, b) => a - b)).toEqual([3, 5, 70, 1000, 2 ** 40]);
  expect(map.keysBetween(6, 70)).toEqual([]);
});

test("what a flood needed is let go of", () => {
  const map = new NumberMap<object>();
  for (let at = 0; at < 10_000; at++) map.set(at, {});
  for (let at = 0; at < 10_000; at++) expect(map.delete(at)).toBe(true);
  expect([map.size, map.values()]).toEqual([0, []]);
  map.set(7, {});
  expect(map.get(7)).toBeDefined();
});
