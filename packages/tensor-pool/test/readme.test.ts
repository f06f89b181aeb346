import { expect, test } from "@jest/globals";
import { backend } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import { runReadme } from "../../../tools/jest/readme.js";

const native =
  backend.kind === "native"
    ? { name: "native", found: true }
    : { name: "native", lack: backend.reason };

describeWith("the README", native, () => {
  test("its example prints what it says", () => {
    const { printed, promised } = runReadme(import.meta.url);
    expect(promised).not.toBe("");
    expect(printed).toBe(promised);
  });
});
