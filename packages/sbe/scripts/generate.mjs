// `node scripts/generate.mjs`: writes generated/ from schemas/, of the tests and the benchmark. A test holds them together.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { generateModule, parseSchema } from "@proj/sbe/generator";

for (const room of ["test", "bench"]) {
  const folder = join(dirname(import.meta.dirname), room);
  mkdirSync(join(folder, "generated"), { recursive: true });
  for (const file of readdirSync(join(folder, "schemas"))) {
    const schema = parseSchema(readFileSync(join(folder, "schemas", file), "utf8"));
    const module = generateModule(schema, { source: `schemas/${file}` });
    writeFileSync(join(folder, "generated", `${basename(file, ".xml")}.ts`), module);
  }
}
