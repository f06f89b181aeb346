import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "@jest/globals";
import { generateModule, parseSchema } from "@proj/sbe/generator";

const folder = join(import.meta.dirname, "../../test");

test.each(readdirSync(join(folder, "schemas")))("%s generates what the tests compile", (file) => {
  const schema = parseSchema(readFileSync(join(folder, "schemas", file), "utf8"));
  const committed = join(folder, "generated", `${basename(file, ".xml")}.ts`);
  const source = generateModule(schema, { source: `schemas/${file}` });
  expect(source).toBe(readFileSync(committed, "utf8"));
});
