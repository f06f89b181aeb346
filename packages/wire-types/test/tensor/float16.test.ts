import { describe, expect, test } from "@jest/globals";
import { getFloat16, setFloat16 } from "@petamoriken/float16";
import { float16Bits, float16ToFloat32, float16Value, float32ToFloat16 } from "@proj/wire-types";
import { narrowEach, widenEach } from "#src/tensor/float16-bits.js";
import { compileFloat16Simd } from "#src/tensor/float16-simd.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const view = new DataView(new ArrayBuffer(2));
const allHalves = Uint16Array.from({ length: 65_536 }, (_, i) => i);
const isNaNHalf = (half: number) => (half & 0x7fff) > 0x7c00;

function oracleBits(value: number): number {
  setFloat16(view, 0, value);
  return view.getUint16(0);
}

function oracleValue(half: number): number {
  view.setUint16(0, half);
  return getFloat16(view, 0);
}

function eachNarrowed(source: Float32Array): Uint16Array {
  const into = new Uint16Array(source.length);
  narrowEach(source, into);
  return into;
}

function eachWidened(source: Uint16Array): Float32Array {
  const into = new Float32Array(source.length);
  widenEach(source, into);
  return into;
}

// Jest's own comparison takes seconds for this many elements.
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).findIndex((x, i) => !Object.is(x, b[i]));
}

// Every half, the midpoints between neighbours and their float32 neighbours: all places where rounding decides.
function decisiveFloats(): Float32Array {
  const bits: number[] = [];
  for (let half = 0; half < 0x7c00; half++) {
    const middle = (oracleValue(half) + oracleValue(half + 1)) / 2;
    const at = new Uint32Array(Float32Array.of(half === 0x7bff ? 65_520 : middle).buffer)[0] ?? 0;
    bits.push(at - 1, at, at + 1, (at - 1) | 0x8000_0000, at | 0x8000_0000);
  }
  return new Float32Array(Uint32Array.from(bits).buffer);
}

describe.each([
  ["in bulk", float32ToFloat16, float16ToFloat32],
  ["one by one", eachNarrowed, eachWidened],
])("conversion %s", (_, narrow, widen) => {
  test("widens all 65536 halves exactly and gets the same bits back", () => {
    const floats = widen(allHalves);
    expect(firstDifference(floats, Float32Array.from(allHalves, oracleValue))).toBe(-1);
    const back = narrow(floats);
    for (const half of allHalves) {
      if (isNaNHalf(half)) expect(isNaNHalf(back[half] ?? 0)).toBe(true);
      else if (back[half] !== half) expect(back[half]).toBe(half);
    }
  });

  test("keeps the sign of zeros and NaNs", () => {
    const signs = Uint16Array.from(narrow(widen(allHalves)), (half) => half & 0x8000);
    expect(
      firstDifference(
        signs,
        allHalves.map((half) => half & 0x8000),
      ),
    ).toBe(-1);
  });

  test("rounds to nearest even wherever it matters", () => {
    const floats = decisiveFloats();
    expect(firstDifference(narrow(floats), Uint16Array.from(floats, oracleBits))).toBe(-1);
  });

  test("rounds overflow to infinity and underflow to zero", () => {
    const floats = Float32Array.of(65_519.996, 65_520, -65_520, 3.4e38, 2 ** -25, 2.98023259e-8);
    expect([...narrow(floats)]).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00, 0, 1]);
  });

  test("agrees with an independent implementation on random bits of every length", () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 200 }), (words) => {
        const floats = new Float32Array(Uint32Array.from(words).buffer);
        const halves = narrow(floats);
        for (const [i, half] of halves.entries()) {
          const expected = oracleBits(floats[i] ?? 0);
          expect(isNaNHalf(half)).toBe(isNaNHalf(expected));
          if (!isNaNHalf(half)) expect(half).toBe(expected);
        }
      }),
      fuzzRuns(100),
    );
  });
});

test("crosses its blocks and leaves the rest of the target alone", () => {
  const source = Float32Array.from({ length: 8192 * 2 + 5 }, (_, i) => i / 4);
  const into = new Uint16Array(source.length + 4).fill(0xabcd);
  expect(float32ToFloat16(source, into)).toBe(into);
  expect(into.subarray(0, source.length)).toEqual(eachNarrowed(source));
  expect([...into.subarray(source.length)]).toEqual([0xabcd, 0xabcd, 0xabcd, 0xabcd]);
  const back = new Float32Array(source.length + 4).fill(7);
  expect(float16ToFloat32(into.subarray(0, source.length), back)).toBe(back);
  expect(back.subarray(0, source.length)).toEqual(eachWidened(into.subarray(0, source.length)));
  expect([...back.subarray(source.length)]).toEqual([7, 7, 7, 7]);
});

test("reads sources at any offset of their buffer", () => {
  const source = Float32Array.from({ length: 100 }, (_, i) => i).subarray(3, 50);
  expect(float16ToFloat32(float32ToFloat16(source))).toEqual(source.slice());
});

test("refuses a target that is too short", () => {
  expect(() => float32ToFloat16(new Float32Array(3), new Uint16Array(2))).toThrow(RangeError);
  expect(() => float16ToFloat32(new Uint16Array(3), new Float32Array(2))).toThrow(RangeError);
});

test("this runtime has the vector version", () => {
  expect(compileFloat16Simd()).toBeDefined();
});

describe("a single number", () => {
  test("is rounded once, not through float32", () => {
    const tie = 1 + 2 ** -11;
    expect(float16Bits(tie)).toBe(0x3c00);
    expect(float16Bits(tie + 2 ** -40)).toBe(0x3c01);
    expect(float16Bits(-(1 + 3 * 2 ** -11) + 2 ** -40)).toBe(0xbc01);
    expect(float16Bits(1e300)).toBe(0x7c00);
    expect(float16Bits(-1e-300)).toBe(0x8000);
    expect(isNaNHalf(float16Bits(Number.NaN))).toBe(true);
  });

  test("agrees with an independent implementation", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true }), nearHalves()), (value) => {
        expect(float16Bits(value)).toBe(oracleBits(value));
      }),
      fuzzRuns(1000),
    );
  });

  test("is read from every half", () => {
    for (const half of allHalves) {
      if (!Object.is(float16Value(half), oracleValue(half))) {
        expect([half, float16Value(half)]).toEqual([half, oracleValue(half)]);
      }
    }
  });
});

function nearHalves(): fc.Arbitrary<number> {
  return fc
    .tuple(fc.integer({ min: 0, max: 0x7bff }), fc.integer({ min: -3, max: 3 }))
    .map(([half, nudge]) => {
      const middle = (float16Value(half) + float16Value(half + 1)) / 2;
      return Number.isFinite(middle) ? middle * (1 + nudge * 2 ** -45) : 65_520;
    });
}
