import { describe, expect, test } from "@jest/globals";
import { type Backend, CRC32C_NATIVE_MIN_BYTES, portable } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { Worker } from "node:worker_threads";
import { native } from "./native-peer.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100), verbose: true };

/** The definition: one bit at a time. */
function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function crc32cTests({ crc32c }: Backend): void {
  // RFC 3720 appendix B.4.
  test.each([
    ["32 zero bytes", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 descending bytes", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ["nothing", new Uint8Array(), 0],
    ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
  ])("%s", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test("agrees with the definition at every length and alignment around its thresholds", () => {
    const thresholds = [0, 8, 16, CRC32C_NATIVE_MIN_BYTES, 3 * 256, 3 * 4096, 3 * 4096 + 3 * 256];
    const buffer = Uint8Array.from({ length: 3 * 4096 + 3 * 256 + 64 }, (_, i) => (i * 167) >>> 3);
    for (const threshold of thresholds) {
      for (let length = Math.max(0, threshold - 9); length <= threshold + 9; length++) {
        const start = length % 8;
        const bytes = buffer.subarray(start, start + length);
        expect([length, crc32c(bytes)]).toEqual([length, bitwise(bytes)]);
      }
    }
  });

  test("a seed continues the checksum of what came before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), fc.nat(4096), (bytes, cut) => {
        const head = bytes.subarray(0, cut);
        const tail = bytes.subarray(cut);
        expect(crc32c(tail, crc32c(head))).toBe(bitwise(bytes));
      }),
      runs,
    );
  });

  test("reads a Buffer and shared memory as it reads a Uint8Array", () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    const shared = new Uint8Array(new SharedArrayBuffer(1000));
    shared.set(bytes);
    expect(crc32c(Buffer.from(bytes))).toBe(bitwise(bytes));
    expect(crc32c(shared)).toBe(bitwise(bytes));
  });
}

describe("portable backend", () => crc32cTests(portable));

describeWith("native backend", native, (addon) => {
  crc32cTests(addon);

  test("refuses what is not bytes", () => {
    const words = new Uint32Array(100) as unknown as Uint8Array;
    expect(() => addon.crc32c(words)).toThrow("expected a Uint8Array");
  });

  test("loads in a worker thread beside the main thread's", async () => {
    const worker = new Worker(new URL("./crc32c-worker.js", import.meta.url));
    const answer = await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    expect(answer).toEqual({ kind: "native", crc: bitwise(new Uint8Array(4096).fill(1)) });
  });
});
