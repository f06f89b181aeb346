import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { IntervalSet } from "@proj/wire-types";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

test("intervals agree with a set of positions under any add and remove", () => {
  const step = fc.tuple(fc.boolean(), fc.nat(80), fc.nat(25));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const set = new IntervalSet();
      const model = new Set<number>();
      for (const [adds, start, length] of steps) {
        const before = model.size;
        for (let p = start; p < start + length; p++) {
          if (adds) model.add(p);
          else model.delete(p);
        }
        const changed = adds ? set.add(start, start + length) : -set.remove(start, start + length);
        expect(changed + 0).toBe(model.size - before + 0);
        expect(set.covered).toBe(model.size);
        let gap = start;
        while (model.has(gap)) gap++;
        expect(set.firstGap(start)).toBe(gap);
        const span = Array.from({ length }, (_, i) => model.has(start + i));
        expect(set.covers(start, start + length)).toBe(span.every(Boolean));
        const held = [...model].filter((p) => p >= start);
        expect(set.firstHeld(start)).toBe(Math.min(...held));
      }
    }),
    fuzzRuns(200),
  );
});
