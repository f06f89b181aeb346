import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisedBy } from "../../../tools/jest/readme.js";

const path = (from: string): string => fileURLToPath(new URL(from, import.meta.url));

/** The programs of a page, each with the comments that end it: what it prints. */
function programs(page: string): readonly (readonly [title: string, code: string])[] {
  const text = readFileSync(path(page), "utf8");
  return text.split(/^## /m).flatMap((section) => {
    const title = `${page.split("/").at(-1)}: ${section.split("\n", 1)[0] ?? ""}`;
    return [...section.matchAll(/^```js\n([\s\S]+?)^```$/gm)].map(
      ([, code = ""]) => [title, code] as const,
    );
  });
}

const pages = [
  "architecture",
  "deploy",
  "migrate",
  "patterns",
  "drivers",
  "protocol",
  "simulator",
  "tuning",
  "security",
  "operation",
].map((name) => `../../../docs/guide/dcquic-${name}.md`);
const all = [...pages, "../README.md"].flatMap(programs);

test("the guides have programs", () => {
  expect(all.length).toBeGreaterThanOrEqual(11);
});

test.each(all)("%s", (_, code) => {
  const promised = promisedBy(code);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e", code],
    { cwd: path("../"), encoding: "utf8", timeout: 60_000 },
  );
  expect(stderr).toBe("");
  expect(stdout).toBe(promised);
  expect(promised).not.toBe("");
  expect(status).toBe(0);
});
