import { expect, test } from "@jest/globals";
import { portable } from "@proj/native-io";
import { SeededRandom } from "@proj/wire-types";
import { RowCopies } from "#src/io/row-copies.js";

const random = new SeededRandom(11);

/** Copies that count their calls. */
function counted() {
  const calls: number[] = [];
  const copies = new RowCopies({
    run: (from, into, rows, count) => {
      calls.push(count);
      portable.copies.run(from, into, rows, count);
    },
  });
  return { calls, copies };
}

test("§22: parts of one memory are copied to with one call, those of another with one of their own", () => {
  const { calls, copies } = counted();
  const from = random.fill(new Uint8Array(400));
  const memory = new Uint8Array(200);
  const other = new Uint8Array(50);
  copies.add(from.subarray(10, 300), 5, memory.subarray(20, 120), 30, 40);
  copies.add(from.subarray(100), 0, memory.subarray(120), 0, 50);
  expect(calls).toEqual([]);
  copies.add(from, 7, other, 3, 20);
  expect(calls).toEqual([2]);
  copies.run();
  expect(calls).toEqual([2, 1]);
  const expected = new Uint8Array(200);
  expected.set(from.subarray(15, 55), 50);
  expected.set(from.subarray(100, 150), 120);
  expect(memory).toEqual(expected);
  expect(other.subarray(3, 23)).toEqual(from.subarray(7, 27));
});

test("§22: a copy that leaves its view is refused, although there is memory behind it", () => {
  const { calls, copies } = counted();
  const memory = new Uint8Array(100);
  const part = memory.subarray(0, 40);
  const refused = expect.objectContaining({ name: "RangeError" });
  expect(() => copies.add(part, 30, new Uint8Array(100), 0, 11)).toThrow(refused);
  expect(() => copies.add(new Uint8Array(100), 0, part, 1, 40)).toThrow(refused);
  copies.run();
  expect(calls).toEqual([]);
});
