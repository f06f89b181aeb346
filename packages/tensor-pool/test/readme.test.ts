import { expect, test } from "@jest/globals";
import { describeWith } from "@proj/peers";
import { runReadme } from "../../../tools/jest/readme.js";
import { native } from "./support/native.js";

describeWith("the README", native, () => {
  test("its example prints what it says", () => {
    const { printed, promised } = runReadme(import.meta.url);
    expect(promised).not.toBe("");
    expect(printed).toBe(promised);
  });
});
