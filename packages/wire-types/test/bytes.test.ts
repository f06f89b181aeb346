import { expect, test } from "@jest/globals";
import { concatBytes, equalBytes } from "@proj/wire-types";

test("joins buffers into a new one", () => {
  const part = Uint8Array.of(1, 2);
  const whole = concatBytes([part, new Uint8Array(0), Uint8Array.of(3)]);
  expect([...whole]).toEqual([1, 2, 3]);
  part[0] = 9;
  expect(whole[0]).toBe(1);
  expect(concatBytes([])).toHaveLength(0);
});

test("compares contents", () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
});
