import { AttachmentRef } from "../attachment.js";
import { equalValues } from "../equal-values.js";
import { classifyValue, type Value, type ValueMap } from "../value.js";
import type { Json } from "./canonical-json.js";
import type { Check } from "./check.js";
import { arrayItems, arrayLength, compileItems } from "./check-array.js";
import { compileNumber, compileString, countOf } from "./check-scalar.js";
import {
  asSchema,
  type JsonSchema,
  type JsonSchemaObject,
  type JsonSchemaType,
  requiredNames,
  schemaMap,
  schemaTypes,
} from "./json-schema.js";

// Keywords of draft 2020-12 that restrict values and are not compiled: a schema that relies on them would be checked
// only in part, so it is refused.
const refused = [
  "$dynamicRef",
  "contains",
  "dependentRequired",
  "dependentSchemas",
  "else",
  "if",
  "patternProperties",
  "prefixItems",
  "propertyNames",
  "then",
  "unevaluatedItems",
  "unevaluatedProperties",
];

/** Levels of schema that one value may pass through: stops a `$ref` that leads to itself. */
const MAX_REFERENCES = 256;

/**
 * Compiles a JSON Schema (draft 2020-12) into a check over Ether values.
 *
 * Typed vectors and tensors are arrays of their elements, bytes are strings where `contentEncoding` is `base64`, bigints
 * are integers, and an attachment reference stands for any array or encoded string. Unknown keywords are annotations.
 *
 * @throws RangeError for a malformed schema or a keyword that restricts values and is not supported.
 */
export function compileSchema(document: JsonSchemaObject): Check {
  const definitions = new Map<string, Check>();
  const scope: Scope = { definitions, references: { depth: 0 } };
  const check = compile(document, "", scope);
  for (const [name, schema] of schemaMap(document["$defs"], "/$defs")) {
    definitions.set(name, compile(schema, `/$defs/${name}`, scope));
  }
  definitions.set("#", check);
  const missing = [...(scope.wanted ?? [])].find((name) => !definitions.has(name));
  if (missing !== undefined) throw new RangeError(`$ref to ${missing}, which is not in $defs`);
  return check;
}

interface Scope {
  readonly definitions: Map<string, Check>;
  readonly references: { depth: number };
  wanted?: Set<string>;
}

function compile(schema: JsonSchema, at: string, scope: Scope): Check {
  if (schema === true) return accept;
  if (schema === false) return (_value, problems) => problems.add("nothing is allowed here");
  for (const keyword of refused) {
    if (schema[keyword] !== undefined) throw new RangeError(`${at}: ${keyword} is not supported`);
  }
  const checks = [
    compileType(schema, at),
    compileEnum(schema, at),
    compileNumber(schema, at),
    compileString(schema, at),
    compileArray(schema, at, scope),
    compileObject(schema, at, scope),
    ...compileApplicators(schema, at, scope),
  ].filter((check) => check !== undefined);
  const [only, second] = checks;
  if (only === undefined) return accept;
  if (second === undefined) return only;
  return (value, problems) => {
    for (const check of checks) check(value, problems);
  };
}

const accept: Check = () => undefined;

function compileType(schema: JsonSchemaObject, at: string): Check | undefined {
  const types = schemaTypes(schema, at);
  if (types === undefined) return undefined;
  const encoded = schema["contentEncoding"] === "base64";
  const expected = types.join(" or ");
  return (value, problems) => {
    if (!types.some((type) => hasType(value, type, encoded))) {
      problems.add(`${classifyValue(value)?.kind ?? typeof value} instead of ${expected}`);
    }
  };
}

function hasType(value: Value, type: JsonSchemaType, encoded: boolean): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return typeof value === "bigint" || Number.isInteger(value);
    case "number":
      return typeof value === "bigint" || typeof value === "number";
    case "string":
      return typeof value === "string" || (encoded && isBytes(value));
    case "array":
      return arrayLength(value) !== undefined || value instanceof AttachmentRef;
    case "object":
      return classifyValue(value)?.kind === "map";
  }
}

function isBytes(value: Value): boolean {
  const classified = classifyValue(value);
  if (classified?.kind === "tensor") return classified.value.dtype === "uint8";
  return classified?.kind === "bytes" || classified?.kind === "attachmentRef";
}

function compileEnum(schema: JsonSchemaObject, at: string): Check | undefined {
  const { enum: members, const: constant } = schema;
  if (members === undefined && constant === undefined) return undefined;
  if (members !== undefined && !Array.isArray(members)) {
    throw new RangeError(`${at}/enum: not a list`);
  }
  const allowed = [
    ...(members ?? []),
    ...(constant === undefined ? [] : [constant]),
  ] as readonly Json[];
  return (value, problems) => {
    if (!allowed.some((member) => equalValues(member, value))) {
      problems.add(`not one of ${JSON.stringify(allowed)}`);
    }
  };
}

function compileArray(schema: JsonSchemaObject, at: string, scope: Scope): Check | undefined {
  const fewest = countOf(schema, "minItems", at);
  const most = countOf(schema, "maxItems", at);
  const unique = schema["uniqueItems"] === true;
  const items = schema["items"];
  if (fewest === undefined && most === undefined && !unique && items === undefined)
    return undefined;
  const itemSchema = items === undefined ? true : asSchema(items, `${at}/items`);
  if (unique && !holdsScalars(itemSchema, at)) {
    throw new RangeError(`${at}/uniqueItems: supported only for items of scalar types`);
  }
  const checkItems = compileItems(itemSchema, compile(itemSchema, `${at}/items`, scope));
  return (value, problems) => {
    const length = arrayLength(value);
    if (length === undefined) return;
    if (fewest !== undefined && length < fewest)
      problems.add(`${length} items, at least ${fewest}`);
    if (most !== undefined && length > most) problems.add(`${length} items, at most ${most}`);
    if (unique && !isUnique(value)) problems.add("items are not unique");
    checkItems(value, problems);
  };
}

// Comparing lists and maps pairwise would let a short body cost quadratic time.
function holdsScalars(schema: JsonSchema, at: string): boolean {
  const types = typeof schema === "boolean" ? undefined : schemaTypes(schema, at);
  return types !== undefined && !types.includes("array") && !types.includes("object");
}

function isUnique(value: Value): boolean {
  const items = [...arrayItems(value)];
  return new Set(items).size === items.length;
}

function compileObject(schema: JsonSchemaObject, at: string, scope: Scope): Check | undefined {
  const required = requiredNames(schema, at);
  const fewest = countOf(schema, "minProperties", at);
  const most = countOf(schema, "maxProperties", at);
  const properties = new Map(
    [...schemaMap(schema["properties"], `${at}/properties`)].map(([name, property]) => [
      name,
      compile(property, `${at}/properties/${name}`, scope),
    ]),
  );
  const others = schema["additionalProperties"];
  const rest =
    others === undefined
      ? undefined
      : compile(
          asSchema(others, `${at}/additionalProperties`),
          `${at}/additionalProperties`,
          scope,
        );
  return (value, problems) => {
    if (classifyValue(value)?.kind !== "map") return;
    const map = value as ValueMap;
    for (const name of required) {
      if (!Object.hasOwn(map, name)) problems.add(`${name} is missing`);
    }
    const names = Object.keys(map);
    if (fewest !== undefined && names.length < fewest)
      problems.add(`${names.length} members, at least ${fewest}`);
    if (most !== undefined && names.length > most)
      problems.add(`${names.length} members, at most ${most}`);
    for (const name of names) {
      const check = properties.get(name) ?? rest;
      if (check === undefined) continue;
      problems.path.push(name);
      check(map[name] ?? null, problems);
      problems.path.pop();
    }
  };
}

function compileApplicators(schema: JsonSchemaObject, at: string, scope: Scope): readonly Check[] {
  const checks: Check[] = compileList(schema, "allOf", at, scope);
  const any = compileList(schema, "anyOf", at, scope);
  if (any.length > 0) checks.push(counting(any, (fits) => fits > 0, "fits none of anyOf"));
  const one = compileList(schema, "oneOf", at, scope);
  if (one.length > 0)
    checks.push(counting(one, (fits) => fits === 1, "fits not exactly one of oneOf"));
  if (schema["not"] !== undefined) {
    const not = compile(asSchema(schema["not"], `${at}/not`), `${at}/not`, scope);
    checks.push(counting([not], (fits) => fits === 0, "fits what `not` excludes"));
  }
  if (schema["$ref"] !== undefined) checks.push(compileReference(schema["$ref"], at, scope));
  return checks;
}

function compileList(schema: JsonSchemaObject, keyword: string, at: string, scope: Scope): Check[] {
  const list = schema[keyword];
  if (list === undefined) return [];
  if (!Array.isArray(list) || list.length === 0)
    throw new RangeError(`${at}/${keyword}: not a list`);
  return list.map((item: Json, i) => {
    const path = `${at}/${keyword}/${i}`;
    return compile(asSchema(item, path), path, scope);
  });
}

// Tries each alternative against a list of its own, whose problems are then forgotten.
function counting(
  checks: readonly Check[],
  enough: (fits: number) => boolean,
  what: string,
): Check {
  return (value, problems) => {
    let fits = 0;
    for (const check of checks) {
      const trial = problems.trial();
      check(value, trial);
      if (trial.count === 0) fits++;
    }
    if (!enough(fits)) problems.add(what);
  };
}

function compileReference(reference: Json, at: string, scope: Scope): Check {
  const name =
    typeof reference === "string" ? /^#(?:\/\$defs\/([^/]+))?$/.exec(reference) : undefined;
  if (!name) throw new RangeError(`${at}/$ref: only # and #/$defs/<name> are supported`);
  const target = name[1]?.replace(/~1/g, "/").replace(/~0/g, "~") ?? "#";
  scope.wanted ??= new Set();
  scope.wanted.add(target);
  const { references, definitions } = scope;
  return (value, problems) => {
    if (references.depth >= MAX_REFERENCES) {
      problems.add(`more than ${MAX_REFERENCES} nested references`);
      return;
    }
    references.depth++;
    try {
      definitions.get(target)?.(value, problems);
    } finally {
      references.depth--;
    }
  };
}
