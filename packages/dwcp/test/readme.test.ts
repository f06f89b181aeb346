import { expect, test } from "@jest/globals";
import { runReadme } from "../../../tools/jest/readme.js";

test("the README's example prints what it says", () => {
  const { printed, promised } = runReadme(import.meta.url);
  expect(promised).not.toBe("");
  expect(printed).toBe(promised);
});
