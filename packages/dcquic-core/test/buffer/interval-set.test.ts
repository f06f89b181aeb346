import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { IntervalSet } from "#src/buffer/interval-set.js";
import { RangeList } from "#src/wire/ranges.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

test("what is missing is what nobody added", () => {
  const span = fc.tuple(fc.nat(80), fc.nat(25));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 60 }), (spans) => {
      const set = new IntervalSet();
      const model = new Set<number>();
      for (const [start, length] of spans) {
        set.add(start, start + length);
        for (let p = start; p < start + length; p++) model.add(p);
      }
      const missing = new RangeList();
      expect(set.missing(0, 120, missing)).toBe(120 - model.size);
    }),
    fuzzRuns(200),
  );
});
