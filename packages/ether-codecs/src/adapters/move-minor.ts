import { valueFromJson } from "../json/parse-json.js";
import { isJsonObject, type Json } from "../schema/canonical-json.js";
import { type JsonSchemaObject, schemaMap } from "../schema/json-schema.js";
import type { RegisteredSchema } from "../schema/registered-schema.js";
import { emptyMap, isValueMap, type Value, type ValueMap } from "../value.js";

/**
 * Moves a payload between two minors of one major, on a copy.
 *
 * A downgrade drops what the target's properties lack, an upgrade fills the target's defaults for what is missing.
 *
 * @see spec/xcp.md §19
 */
export function moveMinor(
  payload: ValueMap,
  from: Pick<RegisteredSchema, "minor" | "document">,
  to: Pick<RegisteredSchema, "minor" | "document">,
): ValueMap {
  if (to.minor < from.minor) return downgrade(payload, to.document);
  return to.minor > from.minor ? upgrade(payload, to.document) : payload;
}

function downgrade(map: ValueMap, schema: JsonSchemaObject): ValueMap {
  const properties = schemaMap(schema["properties"], "");
  if (schema["properties"] === undefined) return map;
  const kept = emptyMap();
  for (const key of Object.keys(map)) {
    const property = properties.get(key);
    if (property === undefined) continue;
    kept[key] = inside(map[key] as Value, property, downgrade);
  }
  return kept;
}

function upgrade(map: ValueMap, schema: JsonSchemaObject): ValueMap {
  const filled = Object.assign(emptyMap(), map);
  for (const [key, property] of schemaMap(schema["properties"], "")) {
    if (Object.hasOwn(filled, key)) {
      filled[key] = inside(filled[key] as Value, property, upgrade);
    } else if (isJsonObject(property) && property["default"] !== undefined) {
      filled[key] = valueFromJson(property["default"], 2, 64);
    }
  }
  return filled;
}

function inside(
  value: Value,
  property: Json,
  move: (map: ValueMap, schema: JsonSchemaObject) => ValueMap,
): Value {
  return isValueMap(value) && isJsonObject(property) ? move(value, property) : value;
}
