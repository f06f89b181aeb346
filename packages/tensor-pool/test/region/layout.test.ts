import { expect, test } from "@jest/globals";
import { isSlotCount, ringBytes } from "#src/region/layout.js";

test("§4.1: slots are a power of two of them, and a ring lies within 31 bits", () => {
  for (const nslots of [1, 2, 1_024, 2 ** 23]) expect(isSlotCount(nslots)).toBe(true);
  for (const nslots of [0, -1, 3, 1.5, 2 ** 24, 2 ** 31, Infinity, Number.NaN]) {
    expect(isSlotCount(nslots)).toBe(false);
  }
  expect(ringBytes(2 ** 23) - 256).toBeLessThan(2 ** 31);
});
