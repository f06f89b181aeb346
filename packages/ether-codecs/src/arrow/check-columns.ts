import type { SchemaKey } from "@proj/wire-types";
import type { CodecContext } from "../codec.js";
import { EtherError } from "../errors.js";
import { isJsonObject } from "../schema/canonical-json.js";
import {
  type JsonSchemaObject,
  type JsonSchemaType,
  requiredNames,
  schemaMap,
  schemaTypes,
} from "../schema/json-schema.js";
import type { RegisteredSchema } from "../schema/registered-schema.js";
import type { ArrowField, ArrowSchema } from "./arrow-type.js";
import type { BatchMetadata } from "./batch-metadata.js";
import { payloadKey } from "./column-name.js";
import { ENCODING_KEY } from "./encoding-key.js";

/**
 * Checks that the columns of a stream can hold payloads of its registered kind: required keys are there, types fit.
 *
 * Values are checked later, one Ether at a time. Without a registry, or for a kind it does not know, nothing is checked.
 *
 * @throws EtherError `ether.validation`
 * @see spec/xcp.md §14.7
 */
export function checkColumns(
  schema: ArrowSchema,
  batch: BatchMetadata,
  context: CodecContext,
): void {
  const registered = findSchema(batch, context);
  if (registered === undefined) return;
  const { document, name } = registered;
  const columns = new Map(
    schema.fields.flatMap((field) => {
      const key = payloadKey(field.name);
      return key === undefined ? [] : [[key, field] as const];
    }),
  );
  const missing = requiredNames(document, "").find(
    (key) => !columns.has(key) && !Object.hasOwn(batch.scalars, key),
  );
  if (missing !== undefined) throw unfit(name, `no column ${missing}`);
  for (const [key, property] of schemaMap(document["properties"], "/properties")) {
    const field = columns.get(key);
    if (field === undefined || !isJsonObject(property)) continue;
    const types = schemaTypes(property, `/properties/${key}`);
    if (types !== undefined && !couldBe(field, types, property, batch)) {
      throw unfit(
        name,
        `column ${key} of ${field.type.kind} where ${types.join(" or ")} is wanted`,
      );
    }
  }
}

function findSchema(batch: BatchMetadata, context: CodecContext): RegisteredSchema | undefined {
  const key: SchemaKey | undefined = context.schemaKey ?? batch.schemaKey;
  const { schemas } = context;
  if (schemas === undefined) return undefined;
  return key === undefined ? schemas.latest(batch.kind, batch.schemaVersion) : schemas.find(key);
}

function couldBe(
  field: ArrowField,
  types: readonly JsonSchemaType[],
  property: JsonSchemaObject,
  batch: BatchMetadata,
): boolean {
  if (field.metadata.has(ENCODING_KEY) || field.type.kind === "null") return true;
  // In a table the column as a whole is the value.
  if (batch.layout === "table") return types.includes("array") || encodedBytes(types, property);
  switch (field.type.kind) {
    case "utf8":
    case "largeUtf8":
      return types.includes("string");
    case "binary":
    case "largeBinary":
      return encodedBytes(types, property);
    case "bool":
      return types.includes("boolean");
    case "int":
      return types.includes("integer") || types.includes("number");
    case "float":
      return types.includes("number") || types.includes("integer");
    case "list":
    case "largeList":
    case "fixedList":
      return types.includes("array") || encodedBytes(types, property);
    case "fixed":
    case "map":
    case "struct":
    case "union":
      return true;
  }
}

function encodedBytes(types: readonly JsonSchemaType[], property: JsonSchemaObject): boolean {
  return types.includes("string") && property["contentEncoding"] !== undefined;
}

function unfit(schema: string, what: string): EtherError {
  return new EtherError("ether.validation", `${schema}: ${what}`);
}
