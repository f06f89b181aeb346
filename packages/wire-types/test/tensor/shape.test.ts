import { expect, test } from "@jest/globals";
import { columnMajorStrides, elementCount, rowMajorStrides } from "@proj/wire-types";

test("counts elements", () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([2, 3, 4])).toBe(24);
  expect(elementCount([2, 0, 4])).toBe(0);
  expect(elementCount([2 ** 53 - 1])).toBe(2 ** 53 - 1);
  expect(elementCount([2 ** 40, 2 ** 40, 0])).toBe(0);
});

test("notices overflow and impossible dimensions", () => {
  expect(() => elementCount([2 ** 27, 2 ** 26])).toThrow(
    expect.objectContaining({ code: "wire.overflow" }),
  );
  for (const bad of [-1, 1.5, Number.NaN, 2 ** 53]) {
    expect(() => elementCount([2, bad])).toThrow(
      expect.objectContaining({ code: "wire.invalid_shape" }),
    );
  }
});

test("computes strides of both orders", () => {
  expect(rowMajorStrides([2, 3, 4])).toEqual([12, 4, 1]);
  expect(columnMajorStrides([2, 3, 4])).toEqual([1, 2, 6]);
  expect(rowMajorStrides([])).toEqual([]);
});
