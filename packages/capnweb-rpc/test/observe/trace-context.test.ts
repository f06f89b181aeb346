import { expect, test } from "@jest/globals";
import { childTrace, formatTraceparent, parseTraceparent } from "@proj/capnweb-rpc";
import { SeededRandom } from "@proj/wire-types";
import fc from "fast-check";

const valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// The cases of the recommendation's own section on parsing.
test.each([
  [valid, true],
  [valid.replace(/01$/, "00"), true],
  [valid.replace(/01$/, "ff"), true],
  ["cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like", true],
  [`${valid}-more`, false],
  [valid.replace(/^00/, "ff"), false],
  [valid.toUpperCase(), false],
  ["00-00000000000000000000000000000000-b7ad6b7169203331-01", false],
  ["00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false],
  ["", false],
  [7, false],
])("%j", (text, accepted) => {
  expect(parseTraceparent(text) !== undefined).toBe(accepted);
});

test("fuzz: any text is a context or none, and what was drawn comes back", () => {
  fc.assert(
    fc.property(fc.anything(), fc.integer(), fc.boolean(), (text, seed, sampled) => {
      const parsed = parseTraceparent(text);
      if (parsed !== undefined) expect(parseTraceparent(formatTraceparent(parsed))).toEqual(parsed);
      const random = new SeededRandom(seed);
      const parent = { ...childTrace(undefined, random), sampled };
      const child = childTrace(parent, random);
      expect(parseTraceparent(formatTraceparent(child))).toEqual(child);
      expect([child.traceId, child.sampled]).toEqual([parent.traceId, sampled]);
      expect(child.spanId).not.toBe(parent.spanId);
    }),
  );
  const zeros = childTrace(undefined, { fill: (into) => into.fill(0) });
  expect(parseTraceparent(formatTraceparent(zeros))).toEqual(zeros);
});
