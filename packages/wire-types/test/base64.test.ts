import { describe, expect, test } from "@jest/globals";
import { formatBase64, isWireError, parseBase64, SeededRandom } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

describe("base64", () => {
  // RFC 4648, section 10.
  test.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("of %j is %j", (plain, text) => {
    expect(formatBase64(new TextEncoder().encode(plain))).toBe(text);
    expect(new TextDecoder().decode(parseBase64(text))).toBe(plain);
  });

  test.each([
    ["the wrong length", "Zg="],
    ["no padding", "Zg"],
    ["padding in the middle", "Zg==Zg=="],
    ["too much padding", "Z==="],
    ["only padding", "===="],
    ["stray bits after one byte", "Zh=="],
    ["stray bits after two bytes", "Zm9="],
    ["white space", "Zm9v\nYg="],
    ["the URL alphabet", "-_-_"],
    ["a character outside ASCII", "Zmé="],
    ["a character that is a digit in its low byte", "Zm9\u0141"],
    ["a lone surrogate", "Zm9\ud800"],
  ])("with %s is refused", (_, text) => {
    expect(() => parseBase64(text)).toThrow(expect.objectContaining({ code: "wire.invalid_text" }));
  });

  test("agrees with Node on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ size: "large" }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64");
        expect(formatBase64(bytes)).toBe(text);
        expect(parseBase64(text)).toEqual(bytes);
      }),
      fuzzRuns(100),
    );
  });

  test("of any text is what writes it again, or refused", () => {
    const text = fc.string({
      unit: fc.constantFrom("A", "Q", "g", "/", "+", "=", " ", "é"),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (candidate) => {
        try {
          expect(formatBase64(parseBase64(candidate))).toBe(candidate);
        } catch (error) {
          if (!isWireError(error)) throw error;
        }
      }),
      fuzzRuns(1000),
    );
  });

  test("carries megabytes", () => {
    const bytes = new SeededRandom(2).fill(new Uint8Array(3_000_001));
    const text = formatBase64(bytes);
    expect(text).toBe(Buffer.from(bytes).toString("base64"));
    expect(Buffer.compare(parseBase64(text), bytes)).toBe(0);
  });
});
