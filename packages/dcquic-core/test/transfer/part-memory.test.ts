import { expect, test } from "@jest/globals";
import { type LendMemory, PartMemory } from "#src/transfer/part-memory.js";
import { SpareMemory } from "#src/transfer/spare-memory.js";

const PART = 20_000;
const memory = new Uint8Array(3 * PART);
const owns = ({ buffer }: Uint8Array): boolean => buffer === memory.buffer;

/** Parts of `PART` bytes, and how often `lend` was asked. */
function parts(lend?: LendMemory): { of: PartMemory; asked: () => number } {
  let asked = 0;
  const counting: LendMemory = (offset, length) => {
    asked += 1;
    return lend?.(offset, length);
  };
  const spare = new SpareMemory(1_000_000);
  return { of: new PartMemory(spare, lend && counting), asked: () => asked };
}

const lending: LendMemory = (offset, length) => memory.subarray(offset, offset + length);

test("a part lies in lent memory, which is asked for once in each step", () => {
  const { of, asked } = parts(lending);
  const first = of.at(1, PART, PART);
  expect([first.byteOffset, first.length]).toEqual([PART, PART]);
  of.at(1, PART, PART);
  expect(asked()).toBe(1);
  of.endStep();
  expect(of.at(1, PART, PART)).toBe(first);
  expect(of.take(1, PART, PART)).toMatchObject({ bytes: first, isLent: true });
  expect(asked()).toBe(2);
});

test("a part has memory of its own where none, or another length, is lent", () => {
  for (const lend of [undefined, () => undefined, () => memory.subarray(0, 5)]) {
    const { of } = parts(lend);
    const own = of.at(0, 0, PART);
    of.endStep();
    expect(of.at(0, 0, PART)).toBe(own);
    expect([owns(own), own.length]).toEqual([false, PART]);
    expect(of.take(0, 0, PART)).toMatchObject({ bytes: own, isLent: false });
  }
});

test("what lay in memory that was taken away is lost, and nothing is written there any more", () => {
  for (const now of [undefined, memory.subarray(PART, 2 * PART), new Uint8Array(PART)]) {
    let lent: Uint8Array | undefined = memory.subarray(0, PART);
    const { of } = parts(() => lent);
    of.at(0, 0, PART);
    of.endStep();
    lent = now;
    expect(owns(of.at(0, 0, PART))).toBe(false);
    expect(of.take(0, 0, PART)).toBeUndefined();
    // It can begin anew.
    lent = memory.subarray(0, PART);
    expect(owns(of.at(0, 0, PART))).toBe(true);
    expect(of.take(0, 0, PART)?.isLent).toBe(true);
  }
});

test("memory that was taken away between the last byte and its use is not given as a part", () => {
  let lent: Uint8Array | undefined = memory.subarray(0, PART);
  const { of } = parts(() => lent);
  of.at(0, 0, PART);
  of.endStep();
  lent = undefined;
  expect(of.take(0, 0, PART)).toBeUndefined();
});

test("a part that was never begun is none", () => {
  expect(parts(lending).of.take(0, 0, PART)).toBeUndefined();
});
