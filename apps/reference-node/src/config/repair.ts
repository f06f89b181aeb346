import { parse } from "smol-toml";
import type { z } from "zod";
import { fieldPattern } from "./explain-issue.js";
import { configFields } from "./fields.js";

type Table = Record<PropertyKey, unknown>;

/**
 * Puts an allowed value where zod found a wrong one, and takes unknown fields out, so that the rest of a wrong
 * configuration can be checked too. Changes `table`.
 */
export function repair(table: Table, issues: readonly z.core.$ZodIssue[]): void {
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      const parent = walk(table, issue.path);
      for (const key of issue.keys) if (parent !== undefined) delete parent[key];
      continue;
    }
    const last = issue.path.at(-1);
    const parent = walk(table, issue.path.slice(0, -1));
    if (last !== undefined && parent !== undefined) parent[last] = exampleValue(issue.path);
  }
}

function walk(table: Table, path: readonly PropertyKey[]): Table | undefined {
  let at: unknown = table;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Table)[step];
  }
  return typeof at === "object" && at !== null ? (at as Table) : undefined;
}

// The examples are lines of TOML, so they can be read as well as shown.
function exampleValue(path: readonly PropertyKey[]): unknown {
  const example = configFields.get(fieldPattern(path))?.example;
  if (example === undefined) return undefined;
  const line = example.startsWith('"') ? `item = ${example}` : example;
  const value = Object.values(parse(line))[0];
  return path.at(-1) !== "listen" && Array.isArray(value) && example.startsWith("[[")
    ? value[0]
    : value;
}
