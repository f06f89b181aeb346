import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { formatBase64 } from "@proj/wire-types";
import { float16Module } from "#src/tensor/float16-module.js";
import wabt from "wabt";

test("the module that ships is the assembled source", async () => {
  const source = readFileSync("src/tensor/float16.wat", "utf8");
  const { buffer } = (await wabt()).parseWat("float16.wat", source).toBinary({});
  expect(formatBase64(buffer)).toBe(float16Module);
});
