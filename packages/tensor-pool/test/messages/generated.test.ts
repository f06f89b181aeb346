import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "@jest/globals";
import { generateModule, parseSchema } from "@proj/sbe/generator";

const folder = join(import.meta.dirname, "../..");
const schemas = join(folder, "schemas");

test.each(readdirSync(schemas))("%s generates the committed module", (file) => {
  const schema = parseSchema(readFileSync(join(schemas, file), "utf8"));
  const committed = join(folder, "src/messages/generated", `${basename(file, ".xml")}.ts`);
  expect(generateModule(schema, { source: `schemas/${file}` })).toBe(
    readFileSync(committed, "utf8"),
  );
});
