import { expect, test } from "@jest/globals";
import { portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { native } from "./native-peer.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100), verbose: true };

/** The definition: one bit at a time. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test("the portable backend leaves CRC-32 to Node", () => {
  expect(portable.crc32).toBeUndefined();
});

describeWith("native CRC-32", native, ({ crc32 }) => {
  // Some processors have no carry-less multiplication.
  const sum = crc32 ?? bitwise;

  // The check value of the catalogue of parametrised CRC algorithms.
  test("of 123456789", () => {
    expect(sum(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });

  test("agrees with the definition at every length and alignment around its thresholds", () => {
    const buffer = Uint8Array.from({ length: 400 }, (_, i) => (i * 167) >>> 3);
    for (let length = 0; length < 384; length++) {
      const bytes = buffer.subarray(length % 16, (length % 16) + length);
      expect([length, sum(bytes)]).toEqual([length, bitwise(bytes)]);
    }
  });

  test("a seed continues the checksum of what came before", () => {
    if (crc32 === undefined) return;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), fc.nat(4096), (bytes, cut) => {
        const head = bytes.subarray(0, cut);
        expect(crc32(bytes.subarray(cut), crc32(head))).toBe(bitwise(bytes));
      }),
      runs,
    );
  });

  test("reads shared memory, and refuses what is no Uint8Array", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(1_000)).fill(7);
    expect(sum(shared)).toBe(bitwise(shared));
    if (crc32 !== undefined) {
      expect(() => crc32([1, 2] as unknown as Uint8Array)).toThrow("expected a Uint8Array");
      expect(() => crc32(shared, -1)).toThrow("not an integer in its range");
    }
  });
});
