import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { crc32 } from "#src/wire/crc32.js";
import { zeroCrc } from "#src/wire/zero-crc.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

test.each([0, 1, 2, 7, 8, 4_095, 4_096, 1_048_576])(
  "sums %d zeros as if they were read",
  (length) => {
    expect(zeroCrc(length)).toBe(crc32(new Uint8Array(length)));
  },
);

test("sums any number of zeros as if they were read", () => {
  const zeros = new Uint8Array(200_000);
  fc.assert(
    fc.property(fc.nat(zeros.length), (length) => {
      expect(zeroCrc(length)).toBe(crc32(zeros.subarray(0, length)));
    }),
    fuzzRuns(50),
  );
});

test("goes on after what came before: the sum of two halves is that of the whole", () => {
  const half = zeroCrc(2 ** 33);
  expect(half).toBe(zeroCrc(2 ** 33));
  expect(crc32(new Uint8Array(5), half)).toBe(zeroCrc(2 ** 33 + 5));
});
