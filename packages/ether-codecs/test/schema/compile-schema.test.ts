import { describe, expect, test } from "@jest/globals";
import {
  AttachmentRef,
  createEther,
  type JsonSchemaObject,
  SchemaRegistry,
  type Value,
} from "@proj/ether-codecs";
import { additiveProblems } from "#src/schema/additive.js";
import { TensorView } from "@proj/wire-types";

// The problems of `value` under `schema`, as property `v` of a payload.
function problems(schema: JsonSchemaObject | boolean, value: Value): readonly string[] {
  const { $defs, ...own } = typeof schema === "boolean" ? { $defs: {} } : schema;
  const document: JsonSchemaObject = {
    properties: { v: typeof schema === "boolean" ? schema : own },
    ...($defs === undefined ? {} : { $defs }),
  };
  const registered = new SchemaRegistry().add({
    namespace: "n",
    kind: "k",
    major: 1,
    minor: 0,
    document,
  });
  return registered.check(createEther({ kind: "k", payload: { v: value } }).payload);
}

const tree: JsonSchemaObject = {
  $ref: "#/$defs/node",
  $defs: {
    node: {
      type: "object",
      properties: { children: { type: "array", items: { $ref: "#/$defs/node" } } },
      required: ["children"],
    },
  },
};

describe("§18: a compiled schema accepts", () => {
  test.each<[string, JsonSchemaObject | boolean, Value]>([
    ["anything", true, { a: 1 }],
    ["a bigint as integer", { type: "integer", minimum: 1 }, 2n ** 60n],
    ["one of several types", { type: ["null", "string"] }, null],
    ["bytes where text is base64", { type: "string", contentEncoding: "base64" }, Uint8Array.of(1)],
    [
      "a reference for an array",
      { type: "array", items: { type: "number" } },
      new AttachmentRef("a"),
    ],
    ["a u32 vector of integers", { type: "array", items: { type: "integer" } }, Uint32Array.of(1)],
    ["whole floats as integers", { type: "array", items: { type: "integer" } }, Float32Array.of(1)],
    ["a bool vector", { type: "array", items: { type: "boolean" } }, bools()],
    ["a recursive schema", tree, { children: [{ children: [] }] }],
    ["an enum of maps", { enum: [{ a: [1] }] }, { a: Float32Array.of(1) }],
    ["a const", { const: "x" }, "x"],
    ["exactly one of oneOf", { oneOf: [{ type: "string" }, { minimum: 3 }] }, 1 + 3],
    ["text counted in characters", { maxLength: 1 }, "\u{1f600}"],
    ["an unknown keyword", { "x-unit": "m", format: "date" }, 1],
    ["unique scalars", { uniqueItems: true, items: { type: "number" } }, [1, 2]],
  ])("%s", (_what, schema, value) => expect(problems(schema, value)).toEqual([]));
});

describe("§18: a compiled schema refuses", () => {
  test.each<[string, JsonSchemaObject | boolean, Value, string]>([
    ["everything", false, 1, "nothing is allowed here"],
    ["a number for text", { type: "string" }, 1, "/v: number instead of string"],
    ["bytes for plain text", { type: "string" }, Uint8Array.of(1), "bytes instead of string"],
    ["halves as integers", { items: { type: "integer" } }, Float32Array.of(1, 0.5), "/v/1"],
    ["a bound", { minimum: 1, maximum: 2, exclusiveMinimum: 1, exclusiveMaximum: 2 }, 3, "above 2"],
    ["an open bound", { exclusiveMinimum: 1 }, 1, "not above 1"],
    ["a multiple", { multipleOf: 2 }, 3, "no multiple of 2"],
    ["short text", { minLength: 2 }, "a", "1 characters, at least 2"],
    ["long text", { maxLength: 0 }, "a", "1 characters, at most 0"],
    ["a pattern", { pattern: "^a" }, "b", "does not match ^a"],
    ["few items", { minItems: 1 }, [], "0 items, at least 1"],
    ["many items of a tensor", { maxItems: 1 }, bools(), "2 items, at most 1"],
    ["equal items", { uniqueItems: true, items: { type: "number" } }, [1, 1], "not unique"],
    ["an item", { items: { type: "number" } }, [1, ["x"]], "/v/1: list instead of number"],
    ["an additional member", { additionalProperties: false }, { "a/b~": 1 }, "/v/a~1b~0: nothing"],
    ["few members", { minProperties: 1 }, {}, "0 members, at least 1"],
    ["many members", { maxProperties: 0 }, { a: 1 }, "1 members, at most 0"],
    ["a missing member", { required: ["a"] }, {}, "/v: a is missing"],
    ["an inherited member", { required: ["toString"] }, {}, "toString is missing"],
    ["what allOf asks", { allOf: [{ type: "number" }, { minimum: 2 }] }, 1, "below 2"],
    ["what anyOf lacks", { anyOf: [{ type: "string" }, { minimum: 2 }] }, 1, "none of anyOf"],
    ["two of oneOf", { oneOf: [{ minimum: 1 }, { minimum: 2 }] }, 3, "not exactly one"],
    ["what not excludes", { not: { type: "number" } }, 1, "excludes"],
    ["an enum", { enum: [1, "a"] }, 2, 'not one of [1,"a"]'],
    [
      "a leaf of a recursive schema",
      tree,
      { children: [{}] },
      "/v/children/0: children is missing",
    ],
    [
      "a reference that leads to itself",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } },
      1,
      "nested references",
    ],
  ])("%s", (_what, schema, value, problem) => {
    expect(problems(schema, value).join("; ")).toContain(problem);
  });

  test("every problem is listed, those beyond 64 are counted", () => {
    const list = problems(
      { items: { type: "string" } },
      Array.from({ length: 100 }, () => 1),
    );
    expect(list).toHaveLength(65);
    expect(list.at(-1)).toBe("and 36 more");
  });

  test.each<[JsonSchemaObject]>([
    [{ type: 1 }],
    [{ required: "a" }],
    [{ properties: [] }],
    [{ items: 1 }],
    [{ enum: 1 }],
    [{ minimum: "1" }],
    [{ minLength: -1 }],
    [{ multipleOf: 0 }],
    [{ pattern: "(" }],
    [{ anyOf: [] }],
    [{ $ref: "https://example.org/schema" }],
    [{ uniqueItems: true, items: { type: "object" } }],
    [{ patternProperties: {} }],
    [{ prefixItems: [] }],
  ])("the schema %j", (schema) => expect(() => problems(schema, 1)).toThrow(RangeError));
});

describe("§18: additive minors", () => {
  const base: JsonSchemaObject = {
    type: "object",
    properties: { a: { type: "integer", minimum: 0, maximum: 9 }, b: { enum: ["x", "y"] } },
    required: ["a"],
  };
  const withA = (a: JsonSchemaObject): JsonSchemaObject => ({
    ...base,
    properties: { ...(base["properties"] as JsonSchemaObject), a },
  });
  const withB = (b: JsonSchemaObject): JsonSchemaObject => ({
    ...base,
    properties: { ...(base["properties"] as JsonSchemaObject), b },
  });

  test.each<[string, JsonSchemaObject]>([
    ["the same", base],
    [
      "a new property",
      { ...base, properties: { ...(base["properties"] as JsonSchemaObject), c: {} } },
    ],
    ["nothing required", { ...base, required: [] }],
    ["wider bounds", withA({ type: "integer", minimum: -1, maximum: 10 })],
    ["no bounds", withA({ type: "integer" })],
    ["a wider enum", withB({ enum: ["x", "y", "z"] })],
    ["no enum", withB({})],
  ])("%s adds", (_what, newer) => expect(additiveProblems(base, newer)).toEqual([]));

  test.each<[string, JsonSchemaObject, string]>([
    ["a removed property", { ...base, properties: {}, required: [] }, "/a: removed"],
    ["a retyped property", withA({ type: "string" }), "/a/: retyped from integer to string"],
    ["a widened type", withA({ type: "number" }), "retyped"],
    ["a property newly required", { ...base, required: ["a", "b"] }, "/b: newly required"],
    ["a higher minimum", withA({ type: "integer", minimum: 1, maximum: 9 }), "minimum narrowed"],
    [
      "a new bound",
      withA({ type: "integer", minimum: 0, maximum: 9, exclusiveMaximum: 9 }),
      "exclusiveMaximum narrowed",
    ],
    ["a narrower enum", withB({ enum: ["x"] }), "enum narrowed"],
    ["a new enum", withA({ type: "integer", minimum: 0, maximum: 9, enum: [1] }), "enum narrowed"],
    ["a new pattern", withB({ enum: ["x", "y"], pattern: "x" }), "pattern added"],
    [
      "closed properties",
      { ...base, additionalProperties: false },
      "additionalProperties/: narrowed",
    ],
    ["unique items", { ...base, uniqueItems: true }, "uniqueItems added"],
  ])("%s does not", (_what, newer, problem) => {
    expect(additiveProblems(base, newer).join("; ")).toContain(problem);
  });

  test("items and definitions are compared inside", () => {
    const older = { items: { type: "number" }, $defs: { d: { type: "string" } } };
    const newer = { items: { type: "string" }, $defs: {} };
    expect(additiveProblems(older, newer)).toEqual([
      "/items/: retyped from number to string",
      "/$defs/d: removed",
    ]);
  });
});

function bools(): TensorView {
  return new TensorView("bool", [2], Uint8Array.of(1, 0));
}
