import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "@jest/globals";
import { generateModule, parseSchema } from "@proj/sbe/generator";

const root = join(import.meta.dirname, "../..");
const schemas = ["test", "bench"].flatMap((room) =>
  readdirSync(join(root, room, "schemas")).map((file) => [room, file] as const),
);

test.each(schemas)("%s/schemas/%s generates what is compiled", (room, file) => {
  const folder = join(root, room);
  const schema = parseSchema(readFileSync(join(folder, "schemas", file), "utf8"));
  const committed = join(folder, "generated", `${basename(file, ".xml")}.ts`);
  const source = generateModule(schema, { source: `schemas/${file}` });
  expect(source).toBe(readFileSync(committed, "utf8"));
});
