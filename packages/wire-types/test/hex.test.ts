import { expect, test } from "@jest/globals";
import { formatHex, parseHex } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

test("writes lowercase and reads either case", () => {
  expect(formatHex(Uint8Array.of(0, 0x0f, 0xa0, 0xff))).toBe("000fa0ff");
  expect([...parseHex("000Fa0fF")]).toEqual([0, 0x0f, 0xa0, 0xff]);
  expect(parseHex("")).toHaveLength(0);
});

test.each(["0", "0g", "0x00", " 00", "00 ", "-1", "é0", "\u0000\u0000", "+1"])(
  "refuses %j",
  (text) => {
    expect(() => parseHex(text)).toThrow(expect.objectContaining({ code: "wire.invalid_text" }));
  },
);

test("agrees with Node on any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString("hex");
      expect(formatHex(bytes)).toBe(text);
      expect(parseHex(text)).toEqual(bytes);
    }),
    fuzzRuns(100),
  );
});
