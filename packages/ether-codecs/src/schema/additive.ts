import { canonicalJson, type Json } from "./canonical-json.js";
import {
  asSchema,
  type JsonSchema,
  type JsonSchemaObject,
  requiredNames,
  schemaMap,
  schemaTypes,
} from "./json-schema.js";

const lowerBounds = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
const upperBounds = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
const fixed = [
  "pattern",
  "contentEncoding",
  "const",
  "multipleOf",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "$ref",
];

/**
 * Lists why `newer` is no additive minor of `older`, each with a path; empty when it is one.
 *
 * Additive means that every payload of the older minor fits the newer one: no property removed or retyped, none newly
 * required, no enum or bound narrowed.
 *
 * @see spec/xcp.md §18
 */
export function additiveProblems(older: JsonSchema, newer: JsonSchema): readonly string[] {
  const problems: string[] = [];
  compare(older, newer, "", problems);
  return problems;
}

function compare(older: JsonSchema, newer: JsonSchema, at: string, problems: string[]): void {
  if (typeof older === "boolean" || typeof newer === "boolean") {
    // `true` accepts everything and `false` nothing: only growing from or to them is additive.
    if (older !== newer && older !== false && newer !== true) problems.push(`${at}/: narrowed`);
    return;
  }
  compareTypes(older, newer, at, problems);
  compareProperties(older, newer, at, problems);
  compareValues(older, newer, at, problems);
  for (const keyword of ["items", "additionalProperties"]) {
    const before = older[keyword] ?? true;
    const after = newer[keyword] ?? true;
    const path = `${at}/${keyword}`;
    compare(asSchema(before, path), asSchema(after, path), path, problems);
  }
  const definitions = schemaMap(newer["$defs"], `${at}/$defs`);
  for (const [name, before] of schemaMap(older["$defs"], `${at}/$defs`)) {
    const after = definitions.get(name);
    if (after === undefined) problems.push(`${at}/$defs/${name}: removed`);
    else compare(before, after, `${at}/$defs/${name}`, problems);
  }
}

function compareTypes(
  older: JsonSchemaObject,
  newer: JsonSchemaObject,
  at: string,
  problems: string[],
): void {
  const before = schemaTypes(older, at)?.toSorted().join(" or ") ?? "any";
  const after = schemaTypes(newer, at)?.toSorted().join(" or ") ?? "any";
  if (before !== after) problems.push(`${at}/: retyped from ${before} to ${after}`);
}

function compareProperties(
  older: JsonSchemaObject,
  newer: JsonSchemaObject,
  at: string,
  problems: string[],
): void {
  const after = schemaMap(newer["properties"], `${at}/properties`);
  for (const [name, before] of schemaMap(older["properties"], `${at}/properties`)) {
    const now = after.get(name);
    if (now === undefined) problems.push(`${at}/${name}: removed`);
    else compare(before, now, `${at}/${name}`, problems);
  }
  const required = new Set(requiredNames(older, at));
  for (const name of requiredNames(newer, at)) {
    if (!required.has(name)) problems.push(`${at}/${name}: newly required`);
  }
}

function compareValues(
  older: JsonSchemaObject,
  newer: JsonSchemaObject,
  at: string,
  problems: string[],
): void {
  for (const keyword of lowerBounds) {
    if (bound(newer[keyword], -Infinity) > bound(older[keyword], -Infinity)) {
      problems.push(`${at}/: ${keyword} narrowed`);
    }
  }
  for (const keyword of upperBounds) {
    if (bound(newer[keyword], Infinity) < bound(older[keyword], Infinity)) {
      problems.push(`${at}/: ${keyword} narrowed`);
    }
  }
  for (const keyword of fixed) {
    if (newer[keyword] !== undefined && !same(older[keyword], newer[keyword])) {
      problems.push(`${at}/: ${keyword} added or changed`);
    }
  }
  if (newer["uniqueItems"] === true && older["uniqueItems"] !== true) {
    problems.push(`${at}/: uniqueItems added`);
  }
  const members = newer["enum"];
  if (!Array.isArray(members)) return;
  const now = new Set(members.map((member: Json) => canonicalJson(member)));
  const before = older["enum"];
  const kept =
    Array.isArray(before) && before.every((member: Json) => now.has(canonicalJson(member)));
  if (!kept) problems.push(`${at}/: enum narrowed`);
}

function bound(value: Json | undefined, absent: number): number {
  return typeof value === "number" ? value : absent;
}

function same(a: Json | undefined, b: Json): boolean {
  return a !== undefined && canonicalJson(a) === canonicalJson(b);
}
