import { expect, test } from "@jest/globals";
import { loadQuiche } from "#src/io/quiche.js";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisedBy } from "../../../tools/jest/readme.js";

const path = (from: string): string => fileURLToPath(new URL(from, import.meta.url));

/** The programs of a guide, each with the comments that end it: what it prints. */
function programs(guide: string): readonly (readonly [title: string, code: string])[] {
  const text = readFileSync(path(`../../../docs/guide/${guide}`), "utf8");
  return text.split(/^## /m).flatMap((section) => {
    const title = `${guide}: ${section.split("\n", 1)[0] ?? ""}`;
    return [...section.matchAll(/^```js\n([\s\S]+?)^```$/gm)].map(
      ([, code = ""]) => [title, code] as const,
    );
  });
}

const all = [
  "capnweb.md",
  "capnweb-protocol.md",
  "capnweb-connections.md",
  "capnweb-resume.md",
  "capnweb-pipeline.md",
  "capnweb-plans.md",
  "capnweb-observability.md",
  "capnweb-validation.md",
  "capnweb-extensions.md",
  "migrate-from-capnweb.md",
  "migrate-from-capnweb-python.md",
].flatMap(programs);

function quicIsHere(): boolean {
  try {
    loadQuiche();
    return true;
  } catch {
    return false;
  }
}

test("the guides have programs", () => {
  expect(all.length).toBeGreaterThanOrEqual(12);
});

// QUIC is an optional package, for some platforms.
const lacking = quicIsHere() ? [] : all.filter(([, code]) => code.includes("capnweb-rpc/http3"));
for (const [title] of lacking) test.skip(`${title}: no QUIC for this platform`, () => undefined);
const runnable = all.filter((program) => !lacking.includes(program));

test.each(runnable)("%s", (_, code) => {
  const promised = promisedBy(code);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--disable-warning=ExperimentalWarning", "-e", code],
    { cwd: path("../"), encoding: "utf8", timeout: 100_000 },
  );
  expect(stderr).toBe("");
  expect(stdout).toBe(promised);
  expect(promised).not.toBe("");
  expect(status).toBe(0);
});
