import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { DedupWindow, type MsgId } from "@proj/xcp-framing";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const runs = fuzzRuns(200);

describe("§10: the duplicate window", () => {
  test("accepts an id once, in any order within the window", () => {
    const window = new DedupWindow(64);
    for (const id of [5, 3, 4, 68, 1]) {
      if (id === 1) expect(window.check(id)).toBe("tooOld");
      else {
        expect(window.check(id)).toBe("new");
        window.complete(id);
        expect(window.check(id)).toBe("duplicate");
      }
    }
    expect(window.highest).toBe(68);
    expect(window.check(4)).toBe("tooOld");
    expect(window.check(5)).toBe("duplicate");
    expect(window.check(6)).toBe("new");
  });

  test("an id that was only checked is not in the window", () => {
    const window = new DedupWindow(64);
    expect(window.check(9)).toBe("new");
    expect(window.check(9)).toBe("new");
    expect(window.highest).toBe(0);
  });

  test("msgId 0 bypasses it", () => {
    const window = new DedupWindow(64);
    window.complete(0);
    expect(window.check(0)).toBe("new");
  });

  test("an id more than 2^20 above the highest is a replay, unless the profile has clock values", () => {
    const strict = new DedupWindow(64);
    expect(strict.check(2 ** 20)).toBe("new");
    expect(strict.check(2 ** 20 + 1)).toBe("replay");
    expect(strict.check(2n ** 64n - 1n)).toBe("replay");
    const lenient = new DedupWindow(64, { maxStep: Infinity });
    expect(lenient.check(2n ** 64n - 1n)).toBe("new");
  });

  test("works across 2^53", () => {
    const window = new DedupWindow(4096, { maxStep: Infinity });
    window.complete(Number.MAX_SAFE_INTEGER);
    window.complete(2n ** 53n + 1n);
    expect(window.check(2n ** 53n)).toBe("new");
    expect(window.check(2n ** 53n + 1n)).toBe("duplicate");
    expect(window.check(Number.MAX_SAFE_INTEGER)).toBe("duplicate");
    expect(window.check(Number.MAX_SAFE_INTEGER - 4096)).toBe("tooOld");
  });

  test("agrees with a set of all completed ids", () => {
    const step = fc.integer({ min: -80, max: 80 });
    fc.assert(
      fc.property(
        fc.integer({ min: 64, max: 100 }),
        fc.array(step, { maxLength: 300 }),
        (size, steps) => {
          const window = new DedupWindow(size);
          const completed = new Set<MsgId>();
          let highest = 0;
          for (const move of steps) {
            const id = Math.max(1, highest + move);
            const expected =
              id > highest
                ? "new"
                : id <= highest - size
                  ? "tooOld"
                  : completed.has(id)
                    ? "duplicate"
                    : "new";
            expect(window.check(id)).toBe(expected);
            if (expected !== "new") continue;
            window.complete(id);
            completed.add(id);
            highest = Math.max(highest, id);
          }
        },
      ),
      runs,
    );
  });
});
