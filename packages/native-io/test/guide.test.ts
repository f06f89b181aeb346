import { describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { native } from "./native-peer.js";
import { promisedBy } from "../../../tools/jest/readme.js";

const path = (from: string): string => fileURLToPath(new URL(from, import.meta.url));

const guide = readFileSync(path("../../../docs/guide/native-io.md"), "utf8");
const programs = guide.split(/^## /m).flatMap((section) => {
  const title = section.split("\n", 1)[0] ?? "";
  return [...section.matchAll(/^```js\n([\s\S]+?)^```$/gm)].map(
    ([, code = ""]) => [title, code] as const,
  );
});
const backends = "found" in native ? ["native", "portable"] : ["portable"];

describe.each(backends)("the guide's programs on the %s backend", (kind) => {
  test.each(programs)("%s", (_, code) => {
    const promised = promisedBy(code);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", code],
      {
        cwd: path("../"),
        encoding: "utf8",
        env: kind === "portable" ? { ...process.env, NATIVE_IO: kind } : process.env,
        timeout: 100_000,
      },
    );
    expect(stderr).toBe("");
    expect(stdout).toBe(promised);
    expect(promised).not.toBe("");
    expect(status).toBe(0);
  });
});
