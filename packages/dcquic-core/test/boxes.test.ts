import { expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The components of §3's table: number and name. */
function components(): readonly string[] {
  const spec = readFileSync(from("../../../docs/spec/dcquic.md"), "utf8");
  const section = spec.split(/^## /m).find((part) => part.startsWith("3. ")) ?? "";
  const rows = [...section.matchAll(/^\| (\d+) +\| ([^|]+?) +\| /gm)];
  return rows.map(([, number, name]) => `${number}, ${name?.toLowerCase()}`);
}

/** The components that titles of tests name. */
function named(): ReadonlySet<string> {
  const folder = from("../test");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files
    .filter((file) => file.endsWith(".test.ts") && !file.endsWith("boxes.test.ts"))
    .map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  const titles = sources.flatMap((source) => [
    ...source.matchAll(/["`]§3 row (\d+, [^:,"`]+)[:,"`]/g),
  ]);
  return new Set(titles.map(([, component]) => component?.toLowerCase() ?? ""));
}

test("every component of §3 has a test that bears its number and its name", () => {
  expect(components()).toHaveLength(21);
  expect(components().filter((component) => !named().has(component))).toEqual([]);
});
