// `node scripts/assemble.mjs`: assembles src/tensor/float16.wat into the module that ships.
// A test fails when the two differ.
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

const folder = new URL("../src/tensor/", import.meta.url);
const source = readFileSync(new URL("float16.wat", folder), "utf8");
const { buffer } = (await wabt()).parseWat("float16.wat", source).toBinary({});
const text = Buffer.from(buffer).toString("base64");
writeFileSync(
  new URL("float16-module.ts", folder),
  `/** The assembled form of float16.wat, ${buffer.length} bytes as base64. */
export const float16Module: string =
  "${text}";
`,
);
