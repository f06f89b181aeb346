import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const path = (from: string): string => fileURLToPath(new URL(from, import.meta.url));

const guide = readFileSync(path("../../../../docs/guide/transports.md"), "utf8");
const blocks = [...guide.matchAll(/## (.+)\n[^#]*?```js\n([\s\S]+?)```/g)].map(
  ([, title = "", code = ""]) => ({ title, code }),
);
// The browser's block needs a browser; test/interop/browser.test.ts runs the same call in one.
const runnable = blocks.filter(({ code }) => !code.includes("framing/web"));

test("the guide has code to run", () => {
  expect(runnable.map(({ title }) => title)).toEqual([
    "Serve and connect",
    "TLS and mTLS",
    "On a server that you have already",
  ]);
});

test.each(runnable)("docs/guide/transports.md: $title", ({ code }) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e", code],
    { cwd: path("../../test/fixtures/tls/"), encoding: "utf8", timeout: 100_000 },
  );
  expect(stderr).toBe("");
  expect(stdout).not.toBe("");
  expect(status).toBe(0);
});
