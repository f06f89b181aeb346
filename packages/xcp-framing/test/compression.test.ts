import { describe, expect, test } from "@jest/globals";
import { encodeUtf8, SeededRandom } from "@proj/wire-types";
import {
  compressBody,
  decompressBody,
  inspectZstdFrame,
  type ZstdProvider,
} from "@proj/xcp-framing";
import { nodeZstd } from "#src/io/node-zstd.js";
import { loadWasmZstd } from "#src/web/wasm-zstd.js";
import { codeOf } from "./support/code-of.js";
import { golden } from "./support/golden.js";
import { concatenated, SKIPPABLE, zeroBomb } from "./support/zstd-frames.js";

const MIB = 1_048_576;
const wasm = await loadWasmZstd();
const native = nodeZstd();
const providers: readonly (readonly [string, ZstdProvider])[] = [
  ["WebAssembly", wasm],
  ...(native === undefined ? [] : [["node:zlib", native] as const]),
];

function words(bytes: number): Uint8Array {
  return encodeUtf8("the same few words, again and again; ".repeat(Math.ceil(bytes / 37))).subarray(
    0,
    bytes,
  );
}

function noise(bytes: number): Uint8Array {
  return new SeededRandom(7).fill(new Uint8Array(bytes));
}

describe.each(providers)("§11.1 with %s", (_name, zstd) => {
  test("zstd-raw is decompressed", () => {
    expect(decompressBody(golden("zstd-raw"), zstd, 1000)).toEqual(golden("json-text"));
  });

  test.each([1025, 10_000, MIB, 5 * MIB])("%p bytes are compressed and come back", (size) => {
    const body = words(size);
    const frame = compressBody(body, zstd);
    if (frame === undefined) throw new Error("not compressed");
    expect(frame.length).toBeLessThan(size / 10);
    expect(Buffer.compare(decompressBody(frame, zstd, size), body)).toBe(0);
    if (size <= MIB) expect(inspectZstdFrame(frame).contentBytes).toBe(size);
    expect(codeOf(() => decompressBody(frame, zstd, size - 1))).toBe("xcp.decompressed_too_large");
  });

  test("what every other provider compresses is decompressed", () => {
    for (const [, other] of providers) {
      const frame = other.compress?.(words(100_000), 1) ?? new Uint8Array(0);
      expect(Buffer.compare(decompressBody(frame, zstd, MIB), words(100_000))).toBe(0);
    }
  });

  test.each([
    ["1024 bytes", words(1024)],
    ["noise", noise(2000)],
    ["much noise", noise(100_000)],
  ])("%s are sent as they are", (_what, body) => {
    expect(compressBody(body, zstd)).toBeUndefined();
  });

  test("noise of which 5 % are zeros is sent as it is", () => {
    const body = noise(4000);
    body.fill(0, 0, 200);
    expect(compressBody(body, zstd)).toBeUndefined();
  });

  test("a bomb is stopped while it is decompressed, whatever it declares", () => {
    for (const declared of [undefined, 2 ** 40, 2 * MIB]) {
      expect(codeOf(() => decompressBody(zeroBomb(2 * MIB, declared), zstd, MIB))).toBe(
        "xcp.decompressed_too_large",
      );
    }
    // It lies, and it is too large: decoders differ in what they notice first.
    expect(["xcp.compression", "xcp.decompressed_too_large"]).toContain(
      codeOf(() => decompressBody(zeroBomb(2 * MIB, MIB), zstd, MIB)),
    );
  });

  test("a frame that declares more or less than it holds is ERR_COMPRESSION", () => {
    for (const declared of [299_999, 300_001]) {
      expect(codeOf(() => decompressBody(zeroBomb(300_000, declared), zstd, MIB))).toBe(
        "xcp.compression",
      );
    }
    expect(decompressBody(zeroBomb(300_000, 300_000), zstd, MIB)).toHaveLength(300_000);
    expect(decompressBody(zeroBomb(300_000), zstd, MIB)).toHaveLength(300_000);
  });

  test("a corrupt block is ERR_COMPRESSION, or other bytes of the declared size", () => {
    const frame = compressBody(words(5000), zstd) ?? new Uint8Array(0);
    for (let at = 12; at < frame.length; at++) {
      const broken = frame.slice();
      broken[at] = (broken[at] ?? 0) ^ 0x55;
      const code = codeOf(() => decompressBody(broken, zstd, 5000));
      expect([undefined, "xcp.compression", "xcp.decompressed_too_large"]).toContain(code);
    }
  });
});

describe("§11.1: the structure of a zstd frame", () => {
  const raw = golden("zstd-raw");

  test("is told", () => {
    expect(inspectZstdFrame(raw)).toEqual({
      contentBytes: 75,
      windowBytes: 75,
      maxContentBytes: 75,
    });
    expect(inspectZstdFrame(zeroBomb(300_000))).toEqual({
      contentBytes: undefined,
      windowBytes: 131_072,
      maxContentBytes: 300_000,
    });
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["other bytes", encodeUtf8("hello, world")],
    ["a skippable frame", SKIPPABLE],
    ["a skippable frame before", concatenated(SKIPPABLE, raw)],
    ["a skippable frame behind", concatenated(raw, SKIPPABLE)],
    ["two frames", concatenated(raw, raw)],
    ["a byte behind", concatenated(raw, Uint8Array.of(0))],
    ["a dictionary", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x21, 1, 0, 1, 0, 0)],
    ["a reserved bit", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x28, 0, 1, 0, 0)],
    ["a window above 8 MiB", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x69, 1, 0, 0)],
    ["a reserved block", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, 7, 0, 0)],
    ["a block above 128 KiB", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x40, 0x0b, 0, 0x10, 0)],
  ])("%s is ERR_COMPRESSION", (_what, payload) => {
    expect(codeOf(() => decompressBody(payload, wasm, MIB))).toBe("xcp.compression");
  });

  test("every truncation is ERR_COMPRESSION", () => {
    for (let end = 0; end < raw.length; end++) {
      expect(codeOf(() => inspectZstdFrame(raw.subarray(0, end)))).toBe("xcp.compression");
    }
  });

  test("a window of exactly 8 MiB is allowed, and a checksum", () => {
    const eight = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 1, 0, 0);
    expect(inspectZstdFrame(eight).windowBytes).toBe(8 * MIB);
    const checked = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x24, 0, 1, 0, 0, 1, 2, 3, 4);
    expect(inspectZstdFrame(checked).contentBytes).toBe(0);
  });
});
