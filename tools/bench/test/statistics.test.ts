import { describe, expect, test } from "@jest/globals";
import { median, quantile, spreadOf } from "@proj/bench";

describe("statistics", () => {
  test("the median of an even count lies between the middle two", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test("quantiles interpolate and keep the ends", () => {
    expect(quantile([10, 20, 30], 0)).toBe(10);
    expect(quantile([10, 20, 30], 0.25)).toBe(15);
    expect(quantile([10, 20, 30], 1)).toBe(30);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test("a spread does not change its input", () => {
    const values = [5, 1, 3];
    expect(spreadOf(values)).toEqual({ median: 3, q1: 2, q3: 4 });
    expect(values).toEqual([5, 1, 3]);
  });
});
