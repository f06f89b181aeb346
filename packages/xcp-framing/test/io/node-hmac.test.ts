import { createHmac } from "node:crypto";
import { expect, test } from "@jest/globals";
import { concatBytes, formatHex, parseHex } from "@proj/wire-types";
import fc from "fast-check";
import { hmacSha256 } from "#src/io/node-hmac.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

test.each([
  // RFC 4231 §4.2, §4.3, §4.4
  [
    "0b".repeat(20),
    "4869205468657265",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    "4a656665",
    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "aa".repeat(20),
    "dd".repeat(50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
])("key %s", (key, message, mac) => {
  expect(formatHex(hmacSha256(parseHex(key), [parseHex(message)]))).toBe(mac);
});

test("agrees with node:crypto for every key, message and division of it", () => {
  const part = fc.uint8Array({ maxLength: 400 });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.array(part, { maxLength: 4 }),
      (key, parts) => {
        const expected = createHmac("sha256", key).update(concatBytes(parts)).digest();
        expect(hmacSha256(key, parts)).toEqual(new Uint8Array(expected));
      },
    ),
    fuzzRuns(200),
  );
});

test("a longer key is refused", () => {
  expect(() => hmacSha256(new Uint8Array(65), [])).toThrow("key of 65 bytes, limit 64");
});
