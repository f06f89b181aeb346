import { expect, jest, test } from "@jest/globals";
import { runReadme } from "../../../tools/jest/readme.js";

jest.setTimeout(60_000);

test("the README's example prints what it says", () => {
  const { printed, promised } = runReadme(import.meta.url);
  expect(promised).not.toBe("");
  expect(printed).toBe(promised);
});
