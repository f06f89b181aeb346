import { expect, test } from "@jest/globals";
import { runReadme } from "../../../tools/jest/readme.js";

test("the README's example runs", () => {
  expect(runReadme(import.meta.url).printed).toMatch(/^e3069283\n(?:native|portable) /);
});
