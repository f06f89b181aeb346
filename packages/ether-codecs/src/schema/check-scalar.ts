import type { Json } from "./canonical-json.js";
import type { Check } from "./check.js";
import type { JsonSchemaObject } from "./json-schema.js";

/** Compiles the keywords that restrict numbers. */
export function compileNumber(schema: JsonSchemaObject, at: string): Check | undefined {
  const minimum = numberOf(schema, "minimum", at);
  const maximum = numberOf(schema, "maximum", at);
  const above = numberOf(schema, "exclusiveMinimum", at);
  const below = numberOf(schema, "exclusiveMaximum", at);
  const step = numberOf(schema, "multipleOf", at);
  if ((minimum ?? maximum ?? above ?? below ?? step) === undefined) return undefined;
  if (step !== undefined && !(step > 0)) throw new RangeError(`${at}/multipleOf: ${step}`);
  return (value, problems) => {
    if (typeof value !== "number" && typeof value !== "bigint") return;
    if (minimum !== undefined && !(value >= minimum)) problems.add(`${value} is below ${minimum}`);
    if (maximum !== undefined && !(value <= maximum)) problems.add(`${value} is above ${maximum}`);
    if (above !== undefined && !(value > above)) problems.add(`${value} is not above ${above}`);
    if (below !== undefined && !(value < below)) problems.add(`${value} is not below ${below}`);
    if (step !== undefined && !Number.isInteger(Number(value) / step)) {
      problems.add(`${value} is no multiple of ${step}`);
    }
  };
}

/** Compiles the keywords that restrict strings. */
export function compileString(schema: JsonSchemaObject, at: string): Check | undefined {
  const shortest = countOf(schema, "minLength", at);
  const longest = countOf(schema, "maxLength", at);
  const pattern = schema["pattern"];
  if ((shortest ?? longest ?? pattern) === undefined) return undefined;
  const expression = pattern === undefined ? undefined : expressionOf(pattern, at);
  return (value, problems) => {
    if (typeof value !== "string") return;
    const length = countCharacters(value);
    if (shortest !== undefined && length < shortest)
      problems.add(`${length} characters, at least ${shortest}`);
    if (longest !== undefined && length > longest)
      problems.add(`${length} characters, at most ${longest}`);
    if (expression?.test(value) === false) problems.add(`does not match ${expression.source}`);
  };
}

// JSON Schema counts code points, not UTF-16 units.
function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function expressionOf(pattern: Json, at: string): RegExp {
  if (typeof pattern !== "string") throw new RangeError(`${at}/pattern: not a string`);
  try {
    return new RegExp(pattern, "u");
  } catch (cause) {
    throw new RangeError(`${at}/pattern: ${pattern}`, { cause });
  }
}

function numberOf(schema: JsonSchemaObject, keyword: string, at: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined || typeof value === "number") return value;
  throw new RangeError(`${at}/${keyword}: not a number`);
}

/**
 * Reads a keyword whose value is a count.
 *
 * @throws RangeError for anything else
 */
export function countOf(schema: JsonSchemaObject, keyword: string, at: string): number | undefined {
  const value = numberOf(schema, keyword, at);
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw new RangeError(`${at}/${keyword}: ${value} is no count`);
}
