import { expect, jest, test } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";

test("the README's example prints what it says", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const promised = code.slice(code.lastIndexOf("\n}\n")).match(/^\/\/ .*$/gm);
  const file = new URL("./readme-example.mjs", import.meta.url);
  writeFileSync(file, code);
  const printed: string[] = [];
  const log = jest.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
    printed.push(`// ${parts.join(" ")}`);
  });
  await import(file.href);
  log.mockRestore();
  expect(printed).toEqual(promised);
});
