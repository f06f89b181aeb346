import { isJsonObject, type Json } from "./canonical-json.js";

/** A JSON Schema object, draft 2020-12. */
export interface JsonSchemaObject {
  /** What a keyword says. */
  readonly [keyword: string]: Json;
}

/** A JSON Schema: an object of keywords, or a verdict on everything. */
export type JsonSchema = boolean | JsonSchemaObject;

/** The types that `type` can name. */
const jsonSchemaTypes: readonly JsonSchemaType[] = [
  "null",
  "boolean",
  "integer",
  "number",
  "string",
  "array",
  "object",
];

/** One of `jsonSchemaTypes`. */
export type JsonSchemaType =
  | "null"
  | "boolean"
  | "integer"
  | "number"
  | "string"
  | "array"
  | "object";

/** Reads `value` as a schema. @throws RangeError naming `at` when it is none. */
export function asSchema(value: Json | undefined, at: string): JsonSchema {
  if (typeof value === "boolean" || isJsonObject(value)) return value;
  throw new RangeError(`${at}: a schema is an object or a boolean`);
}

/** Reads a map of schemas such as `properties`; absent is empty. @throws RangeError naming `at`. */
export function schemaMap(value: Json | undefined, at: string): ReadonlyMap<string, JsonSchema> {
  if (value === undefined) return new Map();
  if (!isJsonObject(value)) throw new RangeError(`${at}: not an object`);
  return new Map(
    Object.entries(value).map(([name, schema]) => [name, asSchema(schema, `${at}/${name}`)]),
  );
}

/** Reads the names in `required`; absent is none. @throws RangeError naming `at`. */
export function requiredNames(schema: JsonSchemaObject, at: string): readonly string[] {
  return textList(schema["required"], `${at}/required`);
}

/** Reads `type` as a list; absent is `undefined`. @throws RangeError naming `at`. */
export function schemaTypes(
  schema: JsonSchemaObject,
  at: string,
): readonly JsonSchemaType[] | undefined {
  const type = schema["type"];
  if (type === undefined) return undefined;
  const names = typeof type === "string" ? [type] : textList(type, `${at}/type`);
  for (const name of names) {
    if (!(jsonSchemaTypes as readonly string[]).includes(name)) {
      throw new RangeError(`${at}/type: no type is called ${name}`);
    }
  }
  return names as readonly JsonSchemaType[];
}

function textList(value: Json | undefined, at: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw new RangeError(`${at}: not a list of strings`);
  }
  return value;
}
