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

test("§22: copies from another memory wait for those from the one before", () => {
  const { calls, copies } = counted();
  const [first, second] = [0, 1].map(() => random.fill(new Uint8Array(50)));
  if (first === undefined || second === undefined) throw new Error("no memories");
  const into = new Uint8Array(100);
  copies.add(first, 0, into, 0, 50);
  copies.add(second, 0, into, 50, 50);
  expect(calls).toEqual([1]);
  copies.run();
  expect(into).toEqual(Uint8Array.of(...first, ...second));
});

test("§22: more copies than there are rows are made with as many calls as it takes", () => {
  const { calls, copies } = counted();
  const from = random.fill(new Uint8Array(600));
  const into = new Uint8Array(600);
  for (let at = 0; at < 600; at++) copies.add(from, at, into, at, 1);
  copies.run();
  expect(calls).toEqual([256, 256, 88]);
  expect(into).toEqual(from);
});
