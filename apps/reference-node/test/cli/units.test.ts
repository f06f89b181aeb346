import { expect, test } from "@jest/globals";
import { formatWait } from "#src/cli/units.js";

test.each([
  [Number.NaN, "?"],
  [Infinity, "?"],
  [0.4, "0s"],
  [59.4, "59s"],
  [59.6, "1m 0s"],
  [125, "2m 5s"],
  [12_000, "3h 20m"],
])("%d s that are left read %s", (seconds, text) => {
  expect(formatWait(seconds)).toBe(text);
});
