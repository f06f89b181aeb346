import { describe, expect, test } from "@jest/globals";
import { decodeUtf8, encodeUtf8, encodeUtf8Into, isWellFormed, utf8Length } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)),
});

describe("UTF-8", () => {
  test.each(["", "a", "é", "€", "𝄞", "\u0000", "\ufeffa", "x".repeat(100), "é".repeat(20)])(
    "%j comes back",
    (text) => {
      const bytes = encodeUtf8(text);
      expect(bytes).toEqual(new TextEncoder().encode(text));
      expect(decodeUtf8(bytes)).toBe(text);
      expect(utf8Length(text)).toBe(bytes.length);
    },
  );

  test.each([
    ["a continuation byte alone", [0x80]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["cut short", [0x61, 0xe2, 0x82]],
    ["no UTF-8 byte", [0x61, 0xff]],
    ["wrong after ASCII", [...Array.from({ length: 40 }, () => 0x61), 0xff]],
  ])("that is %s is refused", (_, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: "wire.invalid_utf8" }),
    );
  });

  test("of a lone surrogate is that of U+FFFD, with its length", () => {
    for (const text of ["\ud800", "\udc00", "a\ud800b", "\ud800\ud800\udc00", "\udc00\ud800"]) {
      expect(isWellFormed(text)).toBe(false);
      expect(encodeUtf8(text)).toEqual(encodeUtf8(text.toWellFormed()));
      expect(utf8Length(text)).toBe(encodeUtf8(text).length);
    }
    expect(isWellFormed("𝄞")).toBe(true);
  });

  test("is read from shared memory", () => {
    for (const text of ["short", "long enough for the decoder, é"]) {
      const bytes = new Uint8Array(new SharedArrayBuffer(utf8Length(text)));
      encodeUtf8Into(text, bytes);
      expect(decodeUtf8(bytes)).toBe(text);
    }
  });

  test("has the length announced and fits where it is put, for any text", () => {
    fc.assert(
      fc.property(anyText, fc.nat(5), (text, offset) => {
        const expected = encodeUtf8(text);
        expect(utf8Length(text)).toBe(expected.length);
        const into = new Uint8Array(offset + expected.length + 1).fill(0xee);
        expect(encodeUtf8Into(text, into, offset)).toBe(expected.length);
        expect(into.subarray(offset, -1)).toEqual(expected);
        expect(into.at(-1)).toBe(0xee);
        if (isWellFormed(text)) expect(decodeUtf8(expected)).toBe(text);
      }),
      fuzzRuns(300),
    );
  });

  test("is not written where it does not fit", () => {
    expect(() => encodeUtf8Into("abc", new Uint8Array(3), 1)).toThrow(RangeError);
    expect(() => encodeUtf8Into("é", new Uint8Array(1))).toThrow(RangeError);
  });

  test("decoding any bytes agrees with the runtime", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          expect(() => decodeUtf8(bytes)).toThrow(
            expect.objectContaining({ code: "wire.invalid_utf8" }),
          );
          return;
        }
        expect(decodeUtf8(bytes)).toBe(expected);
      }),
      fuzzRuns(300),
    );
  });
});
