import { expect, test } from "@jest/globals";
import { GoodputWindow } from "#src/rate/goodput-window.js";

test("goodput is what arrived in the last five seconds", () => {
  const window = new GoodputWindow();
  for (let ms = 0; ms < 20_000; ms += 10) window.add(ms * 1_000, 1_000);
  expect(window.perSecond(19_999_000)).toBe(100_000);
  // Two and a half seconds of silence: half is forgotten.
  expect(window.perSecond(22_499_000)).toBe(50_000);
  expect(window.perSecond(90_000_000)).toBe(0);
});
