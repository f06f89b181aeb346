// `node scripts/generate.mjs`: writes src/messages/generated from schemas/. A test holds the two together.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { generateModule, parseSchema } from "@proj/sbe/generator";

const folder = dirname(import.meta.dirname);
const output = join(folder, "src/messages/generated");
mkdirSync(output, { recursive: true });
for (const file of readdirSync(join(folder, "schemas"))) {
  const schema = parseSchema(readFileSync(join(folder, "schemas", file), "utf8"));
  const module = generateModule(schema, { source: `schemas/${file}` });
  writeFileSync(join(output, `${basename(file, ".xml")}.ts`), module);
}
