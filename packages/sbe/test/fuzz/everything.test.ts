import { expect, test } from "@jest/globals";
import { isWireError } from "@proj/wire-types";
import fc from "fast-check";
import { decodeEverything, encodeEverything, type Everything } from "../generated/everything.js";
import { everything } from "../support/everything.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const bytes = encodeEverything(everything);
const text = fc.string({ unit: "binary", maxLength: 20 });
const blob = fc.uint8Array({ maxLength: 40 });
const decimal = fc.record({
  mantissa: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  rounding: fc.constantFrom(0 as const, 1 as const),
});
const message: fc.Arbitrary<Everything> = fc.record({
  small: fc.integer({ min: -128, max: 127 }),
  count: fc.integer({ min: 0, max: 65_535 }),
  wide: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  signed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ratio: fc.double({ noNaN: true }),
  maybe: fc.option(fc.integer({ min: -32_767, max: 32_767 }), { nil: undefined }),
  maybeFloat: fc.option(fc.float({ noNaN: true }), { nil: undefined }),
  maybeDouble: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
  maybeBig: fc.option(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), { nil: undefined }),
  zeroIsNull: fc.option(fc.integer({ min: 1, max: 255 }), { nil: undefined }),
  side: fc.constantFrom(76 as const, 82 as const),
  maybeSide: fc.option(fc.constantFrom(76 as const, 82 as const), { nil: undefined }),
  flags: fc.integer({ min: 0, max: 255 }),
  wideFlags: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  name: fc.string({ unit: "grapheme-ascii", maxLength: 6 }),
  vector: fc.array(fc.float({ noNaN: true }), { minLength: 3, maxLength: 3 }),
  pair: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 2, maxLength: 2 }),
  price: decimal,
  place: fc.record({ x: decimal, y: decimal }),
  later: fc.nat(),
  legs: fc.array(
    fc.record({
      length: fc.nat(),
      toes: fc.array(fc.record({ size: fc.integer({ min: 0, max: 255 }), nickname: text }), {
        maxLength: 4,
      }),
      shoe: blob,
    }),
    { maxLength: 4 },
  ),
  arms: fc.array(fc.record({ strength: fc.float({ noNaN: true }) }), { maxLength: 4 }),
  motto: text,
  photo: blob,
  extra: text,
});

test("any message comes back as it was", () => {
  fc.assert(
    fc.property(message, (value) => {
      expect(decodeEverything(encodeEverything(value))).toEqual(value);
    }),
    fuzzRuns(100),
  );
});

test("every truncation is refused, except right before trailing data", () => {
  for (let length = 0; length < bytes.length; length++) outcome(bytes.subarray(0, length));
});

test("flipped bytes give a message or a typed error", () => {
  const flip = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(flip, { minLength: 1, maxLength: 8 }), (flips) => {
      const damaged = bytes.slice();
      for (const [at, byte] of flips) damaged[at] = byte;
      outcome(damaged);
    }),
    fuzzRuns(500),
  );
});

test("random bytes behind a valid header give a message or a typed error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (random) => {
      const damaged = new Uint8Array(8 + random.length);
      damaged.set(bytes.subarray(0, 8));
      damaged.set(random, 8);
      outcome(damaged);
    }),
    fuzzRuns(500),
  );
});

function outcome(input: Uint8Array): void {
  try {
    decodeEverything(input);
  } catch (error) {
    if (!isWireError(error)) throw error;
  }
}
