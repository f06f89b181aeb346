import { describe, expect, test } from "@jest/globals";
import {
  dequantizeInt8,
  dequantizeInt8Rows,
  INT8_ZERO_POINT,
  quantizeInt8,
  quantizeInt8Rows,
} from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const runs = fuzzRuns(200);
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

function quantized(...numbers: number[]): { bytes: number[]; scale: number } {
  const bytes = new Uint8Array(numbers.length);
  const scale = quantizeInt8(Float64Array.from(numbers), bytes);
  return { bytes: [...bytes], scale };
}

describe("quantizing with one scale", () => {
  test("maps the largest magnitude to 127 steps from the zero point", () => {
    expect(quantized(127, -127, 0, 1)).toEqual({ bytes: [255, 1, 128, 129], scale: 1 });
    expect(quantized(0, -2)).toEqual({ bytes: [128, 1], scale: Math.fround(2 / 127) });
  });

  test("rounds halves away from zero", () => {
    expect(quantized(127, 0.5, -0.5, 1.5, 2.5, -2.5).bytes).toEqual([255, 129, 127, 130, 131, 125]);
    expect(quantized(127, 0.49999999999999994, 2.4999999999999996).bytes).toEqual([255, 128, 130]);
  });

  test("stores the zero point when all is zero or the scale underflows", () => {
    expect(quantized(0, -0)).toEqual({ bytes: [128, 128], scale: 0 });
    expect(quantized(1e-45, -1e-45)).toEqual({ bytes: [128, 128], scale: 0 });
    expect(quantized()).toEqual({ bytes: [], scale: 0 });
  });

  test("clamps to 127 steps where a subnormal scale was rounded down", () => {
    const { bytes, scale } = quantized(2 ** -149 * 190, -(2 ** -149) * 190);
    expect(scale).toBe(2 ** -149);
    expect(bytes).toEqual([255, 1]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %d",
    (bad) => {
      expect(() => quantized(1, bad, 2)).toThrow(
        expect.objectContaining({
          code: "wire.invalid_value",
          message: expect.stringContaining("element 1 "),
        }),
      );
    },
  );

  test("refuses numbers whose scale float32 cannot hold", () => {
    expect(() => quantized(1e300)).toThrow(expect.objectContaining({ code: "wire.overflow" }));
  });

  test("writes no more than it reads and refuses a target that is too short", () => {
    const into = new Uint8Array(4).fill(9);
    quantizeInt8(Float32Array.of(1, 2), into);
    expect([...into.subarray(2)]).toEqual([9, 9]);
    expect(() => quantizeInt8(new Float32Array(5), into)).toThrow(RangeError);
    expect(() => dequantizeInt8(into, { scale: 1 }, new Float32Array(3))).toThrow(RangeError);
  });

  test("comes back within half a step", () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, min: -(2 ** 127), max: 2 ** 127 }), (numbers) => {
        const bytes = new Uint8Array(numbers.length);
        const scale = quantizeInt8(numbers, bytes);
        const back = dequantizeInt8(bytes, { scale });
        const tolerance = scale > 2 ** -126 ? scale * (0.5 + 2 ** -15) : 127 * 2 ** -126;
        for (const [i, number] of numbers.entries()) {
          expect(Math.abs((back[i] ?? 0) - number)).toBeLessThanOrEqual(tolerance);
        }
      }),
      runs,
    );
  });
});

test("dequantizes every byte around any zero point, in float32", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const scale = Math.fround(0.1);
  expect(dequantizeInt8(bytes, { scale })).toEqual(
    Float32Array.from(bytes, (byte) => (byte - INT8_ZERO_POINT) * scale),
  );
  expect(dequantizeInt8(bytes, { scale, zeroPoint: 3 })).toEqual(
    Float32Array.from(bytes, (byte) => (byte - 3) * scale),
  );
});

describe("quantizing by rows", () => {
  test("puts each row after its own scale", () => {
    const bytes = quantizeInt8Rows(Float32Array.of(127, -1, 0, 0, 254, 2), 2);
    const view = new DataView(bytes.buffer);
    expect([0, 6, 12].map((at) => view.getFloat32(at, true))).toEqual([1, 0, 2]);
    expect([0, 6, 12].map((at) => [...bytes.subarray(at + 4, at + 6)])).toEqual([
      [255, 127],
      [128, 128],
      [255, 129],
    ]);
  });

  test("falls back to the default scale where a row's own is NaN", () => {
    const bytes = Uint8Array.of(0, 0, 0xc0, 0x7f, 129, 0, 0, 0, 0x40, 129);
    expect([...dequantizeInt8Rows(bytes, { rowLength: 1, defaultScale: 3 })]).toEqual([3, 2]);
  });

  test("takes a zero point per row from an 8-byte prefix", () => {
    const bytes = Uint8Array.of(0, 0, 0, 0x40, 10, 0, 0, 0, 11, 9);
    expect([...dequantizeInt8Rows(bytes, { rowLength: 2, prefixBytes: 8 })]).toEqual([2, -2]);
  });

  test("is the same as quantizing each row alone", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(finite, { maxLength: 60 }), (n, all) => {
        const numbers = Float32Array.from(all.slice(0, all.length - (all.length % n)));
        const back = dequantizeInt8Rows(quantizeInt8Rows(numbers, n), { rowLength: n });
        const alone = new Float32Array(numbers.length);
        for (let at = 0; at < numbers.length; at += n) {
          const bytes = new Uint8Array(n);
          const scale = quantizeInt8(numbers.subarray(at, at + n), bytes);
          dequantizeInt8(bytes, { scale }, alone.subarray(at));
        }
        expect(back).toEqual(alone);
      }),
      runs,
    );
  });

  test("refuses what rows do not fill", () => {
    const refused = expect.objectContaining({ code: "wire.invalid_shape" });
    expect(() => quantizeInt8Rows(new Float32Array(5), 2)).toThrow(refused);
    expect(() => quantizeInt8Rows(new Float32Array(5), 0)).toThrow(refused);
    expect(() => dequantizeInt8Rows(new Uint8Array(11), { rowLength: 2 })).toThrow(refused);
    expect(dequantizeInt8Rows(new Uint8Array(0), { rowLength: 0 })).toEqual(new Float32Array(0));
  });
});
