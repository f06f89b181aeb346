import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ReplayWindow } from "#src/path/replay-window.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

test("§10: what was seen is seen, whatever the order", () => {
  const window = new ReplayWindow(16_384);
  for (const number of [5, 3, 4]) window.commit(number);
  expect([2, 3, 4, 5, 6].map((number) => window.check(number))).toEqual([
    "new",
    "seen",
    "seen",
    "seen",
    "new",
  ]);
});

test("§10: without gaps everything old is known to be seen, however old", () => {
  const window = new ReplayWindow(256);
  for (let number = 0; number < 10_000; number++) window.commit(number);
  expect(window.check(0)).toBe("seen");
  expect(window.bytes).toBe(32);
});

test("§10: below a window that slid over gaps nothing is certain", () => {
  const window = new ReplayWindow(256);
  window.commit(0);
  window.commit(1000);
  expect(window.check(743)).toBe("below");
  expect(window.check(745)).toBe("new");
  expect(window.check(0)).toBe("below");
});

test("a window starts near the end of the numbers", () => {
  const first = Number.MAX_SAFE_INTEGER - 10;
  const window = new ReplayWindow(256, first);
  window.commit(first + 3);
  window.commit(first);
  expect([0, 1, 3].map((plus) => window.check(first + plus))).toEqual(["seen", "new", "seen"]);
});

test("the window agrees with a set of everything that was committed", () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
    fc.integer({ min: -600, max: 600 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.constantFrom(0, 1e9), (steps, first) => {
      const window = new ReplayWindow(256, first);
      const seen = new Set<number>();
      let at: number = first;
      for (const by of steps) {
        at = Math.max(first, at + by);
        const verdict = window.check(at);
        if (verdict !== "below") expect(verdict).toBe(seen.has(at) ? "seen" : "new");
        else expect(at).toBeLessThan(window.end - 256);
        if (verdict === "new") {
          window.commit(at);
          seen.add(at);
          expect(window.check(at)).not.toBe("new");
        }
      }
    }),
    fuzzRuns(200),
  );
});

test("§10: numbers that are noted together are noted as one after the other", () => {
  const runs = fc.array(
    fc.record({ number: fc.nat(1500), count: fc.integer({ min: 1, max: 300 }) }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(runs, (noted) => {
      const [together, alone] = [new ReplayWindow(256), new ReplayWindow(256)];
      for (const { number, count } of noted) {
        // Often right where the one before ended.
        const first = number % 3 === 0 ? number : together.end;
        together.commit(first, count);
        for (let i = 0; i < count; i++) alone.commit(first + i);
      }
      expect([together.base, together.end]).toEqual([alone.base, alone.end]);
      for (let number = 0; number < 2000; number++) {
        if (together.check(number) !== alone.check(number)) throw new Error(`${number} differs`);
      }
    }),
    fuzzRuns(200),
  );
});
