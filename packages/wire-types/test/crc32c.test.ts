import { describe, expect, test } from "@jest/globals";
import { crc32c, encodeUtf8, SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

// Bit by bit, straight from the polynomial.
function slowly(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe("crc32c", () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  test.each([
    ["123456789", encodeUtf8("123456789"), 0xe306_9283],
    ["nothing", new Uint8Array(0), 0],
    ["32 zeros", new Uint8Array(32), 0x8a91_36aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8_ab43],
    ["32 ascending", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd_794e],
    ["32 descending", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113f_db5c],
  ])("gives the published value of %s", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test("agrees with the definition at every length and offset", () => {
    const bytes = new SeededRandom(1).fill(new Uint8Array(100));
    for (let from = 0; from < 20; from++) {
      for (let to = from; to <= bytes.length; to++) {
        const part = bytes.subarray(from, to);
        if (crc32c(part) !== slowly(part)) expect([from, to]).toBeUndefined();
      }
    }
  });

  test("continues where another buffer ended", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const joined = Uint8Array.from([...a, ...b]);
        expect(crc32c(b, crc32c(a))).toBe(crc32c(joined));
      }),
      fuzzRuns(100),
    );
  });
});
