// Runs the example that a package's README starts with, against the package as it was built.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readmeExample } from "./readme-example.js";

export { promisedBy } from "./readme-example.js";

export function runReadme(testUrl) {
  const readme = readFileSync(new URL("../README.md", testUrl), "utf8");
  const { code, promised } = readmeExample(readme);
  // Beside the compiled test, so that the package finds itself by name.
  const file = new URL("readme-example.mjs", testUrl);
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(file)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the README's example failed:\n${stderr}`);
  return { printed: stdout, promised };
}
