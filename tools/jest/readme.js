// A README's first `ts` block is an example that runs: it is also valid JavaScript, and the comment lines that end it
// are what it prints.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const firstBlock = /^```ts\n([\s\S]*?)^```$/m;
const lastComments = /(?:^\/\/ .*\n)+(?![^])/m;

export function runReadme(testUrl) {
  const readme = readFileSync(new URL("../README.md", testUrl), "utf8");
  const code = firstBlock.exec(readme)?.[1];
  if (code === undefined) throw new Error("the README has no ts block");
  // Beside the compiled test, so that the package finds itself by name.
  const file = new URL("readme-example.mjs", testUrl);
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(file)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the README's example failed:\n${stderr}`);
  const promised = lastComments.exec(code)?.[0] ?? "";
  return { printed: stdout, promised: promised.replaceAll(/^\/\/ /gm, "") };
}
