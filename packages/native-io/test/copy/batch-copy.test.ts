import { describe, expect, test } from "@jest/globals";
import { type BatchCopy, Copy, COPY_ROW, portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { native } from "../native-peer.js";

const RUNS = 100 * Number(process.env["FUZZ_RUNS"] ?? 1);
const BYTES = 300;

type Row = readonly [from: number, into: number, length: number];

describe("portable copies", () => cases(portable.copies));

describeWith("native copies", native, ({ copies }) => cases(copies));

function cases(copies: BatchCopy): void {
  test("copies what Uint8Array.set would, row after row", () => {
    const place = fc.nat(BYTES - 100);
    const rows = fc.array(fc.tuple(place, place, fc.nat(100)), { maxLength: 40 });
    fc.assert(
      fc.property(rows, fc.boolean(), (some, isShared) => {
        const from = numbered(isShared ? new SharedArrayBuffer(BYTES) : new ArrayBuffer(BYTES));
        const into = new Uint8Array(BYTES);
        const expected = new Uint8Array(BYTES);
        for (const [start, target, length] of some) {
          expected.set(from.subarray(start, start + length), target);
        }
        copies.run(from, into, rowsOf(some), some.length);
        expect(into).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  test("moves within one array as if by way of another", () => {
    const bytes = numbered(new ArrayBuffer(BYTES));
    const expected = bytes.slice();
    expected.copyWithin(10, 0, 200);
    copies.run(bytes, bytes, rowsOf([[0, 10, 200]]), 1);
    expect(bytes).toEqual(expected);
  });

  test.each<Row>([
    [BYTES, 0, 1],
    [0, BYTES - 9, 10],
    [-1, 0, 1],
    [0, -1, 2],
    [1, 0, -1],
  ])("refuses %d to %d, %d bytes, and what comes after", (from, into, length) => {
    const source = numbered(new ArrayBuffer(BYTES));
    const target = new Uint8Array(BYTES);
    const rows: Row[] = [
      [1, 0, 1],
      [from, into, length],
      [2, 1, 1],
    ];
    expect(() => copies.run(source, target, rowsOf(rows), 3)).toThrow(RangeError);
    expect([...target.subarray(0, 2)]).toEqual([1, 0]);
  });

  test("refuses rows that are not there", () => {
    const bytes = new Uint8Array(BYTES);
    expect(() => copies.run(bytes, bytes, rowsOf([[0, 0, 0]]), 2)).toThrow(RangeError);
  });
}

function numbered(memory: ArrayBuffer | SharedArrayBuffer): Uint8Array {
  const bytes = new Uint8Array(memory);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i;
  return bytes;
}

function rowsOf(rows: readonly Row[]): Int32Array {
  const meta = new Int32Array(rows.length * COPY_ROW);
  for (const [i, [from, into, length]] of rows.entries()) {
    meta[i * COPY_ROW + Copy.from] = from;
    meta[i * COPY_ROW + Copy.into] = into;
    meta[i * COPY_ROW + Copy.length] = length;
  }
  return meta;
}
