import { expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Numbers of the rows of §3's table. */
function rows(): readonly number[] {
  const spec = readFileSync(from("../../../docs/spec/dcquic.md"), "utf8");
  const section = spec.split(/^## /m).find((part) => part.startsWith("3. ")) ?? "";
  return [...section.matchAll(/^\| (\d+) +\| /gm)].map(([, number]) => Number(number));
}

/** Numbers of the rows that titles of tests name. */
function named(): ReadonlySet<number> {
  const folder = from("../test");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const sources = files
    .filter((file) => file.endsWith(".test.ts") && !file.endsWith("boxes.test.ts"))
    .map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  const titles = sources.flatMap((source) => [
    ...source.matchAll(/["`]§3 rows? (\d+)(?: and (\d+))?/g),
  ]);
  return new Set(
    titles.flatMap(([, ...numbers]) => numbers.flatMap((n) => (n ? [Number(n)] : []))),
  );
}

test("every row of §3 has a test that bears its number", () => {
  expect(rows()).toHaveLength(21);
  expect(rows().filter((row) => !named().has(row))).toEqual([]);
});
