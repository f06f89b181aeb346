import { describe, expect, test } from "@jest/globals";
import { resolveLimits } from "@proj/wire-types";

const table = {
  maxFrameBytes: { default: 100, min: 10, max: 1000, unit: "bytes", reason: "Memory." },
  idleMs: { default: 5, min: 0, max: 60_000, unit: "ms", reason: "Dead peers." },
} as const;

describe("limits", () => {
  test("are completed with defaults", () => {
    expect(resolveLimits(table)).toEqual({ maxFrameBytes: 100, idleMs: 5 });
    expect(resolveLimits(table, { idleMs: 0 })).toEqual({ maxFrameBytes: 100, idleMs: 0 });
    expect(resolveLimits(table, { maxFrameBytes: 1000 }).maxFrameBytes).toBe(1000);
  });

  test("are refused with everything that is wrong at once", () => {
    const wrong = { maxFrameBytes: 9, idleMs: 1.5, toString: 1 };
    expect(() => resolveLimits(table, wrong)).toThrow(RangeError);
    expect(() => resolveLimits(table, wrong)).toThrow(
      "toString: no such limit; maxFrameBytes: 9 is not an integer in 10..1000 bytes; " +
        "idleMs: 1.5 is not an integer in 0..60000 ms",
    );
  });

  test.each([1001, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuse %d", (bad) => {
    expect(() => resolveLimits(table, { maxFrameBytes: bad })).toThrow(RangeError);
  });
});
