import { expect, test } from "@jest/globals";
import { SettledNumbers } from "#src/transfer/settled-numbers.js";

test("§9.12: tells of each number once, and has what was before the first from the start", () => {
  const settled = new SettledNumbers(100);
  const told: number[][] = [];
  const add = (start: number, end: number): void =>
    settled.addNew(start, end, (...each) => told.push(each));
  add(110, 120);
  add(0, 115);
  add(105, 130);
  expect(told).toEqual([
    [110, 120],
    [100, 110],
    [120, 130],
  ]);
  expect([0, 99, 129, 130].map((each) => settled.has(each))).toEqual([true, true, true, false]);
});

test("§20: a peer that leaves out every other number makes it no longer than its limit", () => {
  const settled = new SettledNumbers(0, 8);
  for (let seq = 0; seq < 1000; seq++) {
    settled.addNew(2 * seq, 2 * seq + 1, () => undefined);
    expect(settled.count).toBeLessThanOrEqual(8);
  }
  // The lowest that are missing count as settled; the latest ones are told apart.
  expect([1, 101, 1985, 1987, 1997].map((each) => settled.has(each))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
