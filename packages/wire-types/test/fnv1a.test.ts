import { expect, test } from "@jest/globals";
import { fnv1a32, fnv1a64 } from "@proj/wire-types";

// The test vectors of draft-eastlake-fnv, appendix C.
test.each<[string, number, bigint]>([
  ["", 0x811c_9dc5, 0xcbf2_9ce4_8422_2325n],
  ["a", 0xe40c_292c, 0xaf63_dc4c_8601_ec8cn],
  ["foobar", 0xbf9c_f968, 0x8594_4171_f739_67e8n],
])("hashes %j", (text, small, large) => {
  expect(fnv1a32(text)).toBe(small);
  expect(fnv1a64(text)).toBe(large);
});

test("hashes UTF-8 bytes, not characters", () => {
  expect(fnv1a32("é")).not.toBe(fnv1a32("\u00c3"));
  expect(fnv1a32("é")).toBe(
    [0xc3, 0xa9].reduce((hash, byte) => Math.imul(hash ^ byte, 0x0100_0193), 0x811c_9dc5) >>> 0,
  );
});
