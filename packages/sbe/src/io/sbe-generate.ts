#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { isWireError } from "@proj/wire-types";
import { generateModule, parseSchema } from "../generator.js";

const HELP = `Usage: sbe-generate <schema.xml> [options]

Generates one TypeScript module of SBE flyweights and plain-object codecs for a message schema.

Options:
  -o, --out <file>  Write the module there instead of to standard output
      --json        Print what was written as one JSON document
  -h, --help        Show this text
`;

process.exitCode = main(process.argv.slice(2));

function main(argv: string[]): number {
  let file = "";
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        out: { type: "string", short: "o" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    [file = ""] = positionals;
    if (positionals.length !== 1) return complain("name one schema file; --help shows how");
    const folder = dirname(file);
    const schema = parseSchema(readFileSync(file, "utf8"), {
      include: (href) => readFileSync(join(folder, href), "utf8"),
    });
    const source = generateModule(schema, { source: basename(file) });
    if (values.out === undefined) {
      process.stdout.write(source);
      return 0;
    }
    writeFileSync(values.out, source);
    const messages = schema.messages.map(({ name }) => name);
    process.stdout.write(
      values.json === true
        ? `${JSON.stringify({ file: values.out, schema: schema.id, messages })}\n`
        : `${values.out}: ${messages.length} messages of schema ${schema.id}\n`,
    );
    return 0;
  } catch (error) {
    return complain(reason(error, file));
  }
}

function reason(error: unknown, file: string): string {
  const sentence = error instanceof Error ? error.message : String(error);
  return isWireError(error) ? `${file}: ${sentence}` : sentence;
}

function complain(sentence: string): number {
  process.stderr.write(`sbe-generate: ${sentence}\n`);
  return 1;
}
