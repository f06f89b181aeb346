import { describe, expect, test } from "@jest/globals";
import { MAX_MAPPING_BYTES, unitsPerSegment } from "@proj/native-io";
import fc from "fast-check";
import { planSegments } from "#src/shm/segments.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100), verbose: true };

describe("segments", () => {
  test("a pool above 4 GiB is divided between slots", () => {
    const slot = 8 * 2 ** 20 + 64;
    const plan = planSegments(1024 * slot, slot);
    expect(plan.map(({ offset }) => offset)).toEqual([0, 511 * slot, 1022 * slot]);
    expect(plan.at(-1)?.length).toBe(2 * slot);
    expect(unitsPerSegment(slot)).toBe(511);
  });

  test("they cover every byte once, none is too long, none divides a unit", () => {
    const bytes = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(
        bytes,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 8, max: 64 }),
        (size, unit, max) => {
          const plan = planSegments(size, unit * 64, max * 64);
          let next = 0;
          for (const { offset, length } of plan) {
            expect(offset).toBe(next);
            expect(offset % (unit * 64)).toBe(0);
            expect(length).toBeGreaterThan(0);
            expect(length).toBeLessThanOrEqual(max * 64);
            next += length;
          }
          expect(next).toBe(size);
        },
      ),
      runs,
    );
  });

  test.each([0, -64, 63, 96.5, Number.NaN, MAX_MAPPING_BYTES + 64])(
    "refuses a unit of %s bytes",
    (unit) => expect(() => unitsPerSegment(unit)).toThrow(RangeError),
  );

  test("refuses more segments than a process can map", () => {
    expect(() => planSegments(2 ** 53 - 1, 64, 64)).toThrow(RangeError);
  });
});
