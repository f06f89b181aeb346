import { parse } from "smol-toml";
import type { z } from "zod";
import { entryKeys, sectionKeys } from "./config-schema.js";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Table = Readonly<Record<string, unknown>>;

/** Puts what the environment says over what a file says. A section that the file does not have begins with its first variable. */
export function override(raw: Table, environment: Environment): Table {
  let merged = raw;
  const aeronDir = environment["AERON_DIR"];
  if (aeronDir !== undefined && aeronDir !== "") merged = put(merged, DRIVER_DIR, aeronDir);
  for (const [path, type] of overridableKeys(raw)) {
    const value = environment[path.join("_").toUpperCase()];
    if (value !== undefined) merged = put(merged, path, typed(value, type));
  }
  return merged;
}

/** Whether a value has keys. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const DRIVER_DIR = ["driver", "aeron_dir"] as const;

// Entries that have names are those of the file: no variable tells where a name ends.
function overridableKeys(raw: Table): (readonly [path: readonly string[], type: z.ZodType])[] {
  const entries = Object.entries(entryKeys).flatMap(([section, keys]) => {
    const named = raw[section];
    return Object.keys(isTable(named) ? named : {}).map((name) => [[section, name], keys] as const);
  });
  const sections = Object.entries(sectionKeys).map(([name, keys]) => [[name], keys] as const);
  return [...sections, ...entries].flatMap(([path, keys]) =>
    Object.entries(keys).map(([key, type]) => [[...path, key], type] as const),
  );
}

function put(table: Table, [name = "", ...path]: readonly string[], value: unknown): Table {
  const before = table[name];
  const inner = isTable(before) ? before : {};
  return { ...table, [name]: path.length === 0 ? value : put(inner, path, value) };
}

// Variables are text; what the key wants decides what they are.
function typed(value: string, type: z.ZodType): unknown {
  if (type.safeParse(value).success) return value;
  try {
    return parse(`value = ${value}`)["value"];
  } catch {
    return value;
  }
}
