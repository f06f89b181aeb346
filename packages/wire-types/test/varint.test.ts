import { describe, expect, test } from "@jest/globals";
import {
  isWireError,
  leb128Size,
  readLeb128,
  readLeb128Big,
  unzigzag,
  writeLeb128,
  writeLeb128Big,
  zigzag,
} from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const truncated = expect.objectContaining({ code: "wire.truncated" });
const overflow = expect.objectContaining({ code: "wire.overflow" });
const all = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });

describe("LEB128", () => {
  test.each<[bigint, number[]]>([
    [0n, [0]],
    [127n, [0x7f]],
    [128n, [0x80, 1]],
    [300n, [0xac, 2]],
    [2n ** 32n - 1n, [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [2n ** 53n - 1n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("%d is written and read, as number and as bigint", (value, bytes) => {
    const into = new Uint8Array(12);
    expect(writeLeb128(into, 1, Number(value))).toBe(bytes.length);
    expect([...into.subarray(1, 1 + bytes.length)]).toEqual(bytes);
    expect(readLeb128(into, 1)).toEqual({ value: Number(value), size: bytes.length });
    expect(readLeb128Big(into, 1)).toEqual({ value, size: bytes.length });
    expect(leb128Size(Number(value))).toBe(bytes.length);
  });

  test("numbers and bigints agree on every value both hold", () => {
    fc.assert(
      fc.property(all(53), (value) => {
        const a = new Uint8Array(8);
        const b = new Uint8Array(10);
        const size = writeLeb128(a, 0, Number(value));
        expect(writeLeb128Big(b, 0, value)).toBe(size);
        expect(b.subarray(0, 8)).toEqual(a);
        expect(readLeb128(a, 0)).toEqual({ value: Number(value), size });
        expect(leb128Size(Number(value))).toBe(size);
      }),
      fuzzRuns(300),
    );
  });

  test("64 bits come back", () => {
    fc.assert(
      fc.property(all(64), (value) => {
        const into = new Uint8Array(10);
        const size = writeLeb128Big(into, 0, value);
        expect(readLeb128Big(into, 0)).toEqual({ value, size });
      }),
      fuzzRuns(300),
    );
  });

  test("that does not end is truncated, that is too large overflows", () => {
    expect(() => readLeb128(Uint8Array.of(), 0)).toThrow(truncated);
    expect(() => readLeb128(Uint8Array.of(0x80), 0)).toThrow(truncated);
    expect(() => readLeb128(Uint8Array.of(1), 1)).toThrow(truncated);
    expect(() => readLeb128Big(Uint8Array.of(0xff, 0xff), 0)).toThrow(truncated);
    const past53 = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    expect(() => readLeb128(past53, 0)).toThrow(overflow);
    expect(readLeb128Big(past53, 0).value).toBe(2n ** 53n);
    const past64 = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02);
    expect(() => readLeb128Big(past64, 0)).toThrow(overflow);
    expect(() => readLeb128Big(new Uint8Array(20).fill(0x80), 0)).toThrow(overflow);
  });

  test("of any bytes is a value or an error by code", () => {
    const byte = fc.oneof(fc.constantFrom(0x80, 0xff, 0x7f, 0), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 12 }), (list) => {
        const bytes = Uint8Array.from(list);
        const exact = outcome(() => readLeb128Big(bytes, 0));
        const number = outcome(() => readLeb128(bytes, 0));
        if (typeof number === "string" || typeof exact === "string") return;
        expect(number).toEqual({ value: Number(exact.value), size: exact.size });
      }),
      fuzzRuns(1000),
    );
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses to write %d",
    (bad) => {
      expect(() => writeLeb128(new Uint8Array(10), 0, bad)).toThrow(RangeError);
    },
  );

  test("refuses to write bigints beyond 64 bits", () => {
    expect(() => writeLeb128Big(new Uint8Array(10), 0, -1n)).toThrow(RangeError);
    expect(() => writeLeb128Big(new Uint8Array(10), 0, 2n ** 64n)).toThrow(RangeError);
  });
});

test("zigzag puts small magnitudes first and comes back", () => {
  expect([0n, -1n, 1n, -2n, 2n].map(zigzag)).toEqual([0n, 1n, 2n, 3n, 4n]);
  const extremes = [2n ** 63n - 1n, -(2n ** 63n)];
  expect(extremes.map(zigzag)).toEqual([2n ** 64n - 2n, 2n ** 64n - 1n]);
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      expect(unzigzag(zigzag(value))).toBe(value);
    }),
    fuzzRuns(100),
  );
});

function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (isWireError(error)) return error.code;
    throw error;
  }
}
