import { describe, expect, test } from "@jest/globals";
import {
  canonicalJson,
  type Json,
  type JsonSchemaObject,
  SchemaRegistry,
  standardSchemas,
} from "@proj/ether-codecs";
import { fnv1a32, type SchemaKey } from "@proj/wire-types";

const code = (name: string): object => expect.objectContaining({ code: name });
const text: JsonSchemaObject = { type: "object", properties: { a: { type: "string" } } };
const entry = { namespace: "ours", kind: "note", major: 1, minor: 0, document: text };

describe("§18: canonical JSON", () => {
  test.each<[string, Json, string]>([
    [
      "keys by UTF-16 code units",
      { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, ö: 7 },
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    [
      "numbers as ECMAScript writes them",
      [333333333.3333333, 1e30, 4.5, 0.002, 1e-27, -0, 1e21, 1e-7],
      "[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,1e-7]",
    ],
    ["text with the short escapes", '€$\u000f\nA\'B"\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\"/"'],
    ["literals", [null, true, false, {}, []], "[null,true,false,{},[]]"],
  ])("%s", (_what, value, expected) => expect(canonicalJson(value)).toBe(expected));

  test.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["a lone surrogate", "\ud800"],
    ["undefined", { a: undefined }],
    ["a bigint", 1n],
    ["too many levels", Array.from({ length: 300 }).reduce((inner) => [inner], [])],
  ])("%s is refused", (_what, value) => {
    expect(() => canonicalJson(value as Json)).toThrow(TypeError);
  });
});

describe("§18: the registry", () => {
  const key = (over: Partial<SchemaKey> = {}): SchemaKey => ({
    nsHash: fnv1a32("xcp.std"),
    kindId: fnv1a32("text"),
    major: 1,
    minor: 0,
    ...over,
  });

  test("a schema is found by name and by numbers", () => {
    const registry = standardSchemas();
    const schema = registry.latest("text", 1);
    expect(registry.byName("xcp.std:text:1.0")).toBe(schema);
    expect(registry.byName(schema?.name ?? "")).toBe(schema);
    expect(registry.byName(`xcp.std:text:1.0@${"0".repeat(32)}`)).toBeUndefined();
    expect(registry.find(key())).toBe(schema);
    expect(registry.find(key({ nsHash: 0 }))).toBe(schema);
    expect(registry.find(schema?.key ?? key())).toBe(schema);
    expect(registry.find(key({ hash128: new Uint8Array(16) }))).toBe(schema);
  });

  test("an all-zero key claims nothing", () => {
    const zero = { nsHash: 0, kindId: 0, major: 0, minor: 0 };
    expect(standardSchemas().find(zero)).toBeUndefined();
    expect(standardSchemas().find({ ...zero, hash128: new Uint8Array(16) })).toBeUndefined();
  });

  test.each([
    [0x6ea7e21b, "text"],
    [0x8b4e3a2c, "tokens"],
    [0x9c5f4b3d, "embedding"],
    [0xad6f5c4e, "image"],
  ])("§2: the published number 0x%s means %s", (kindId, kind) => {
    expect(standardSchemas().find(key({ kindId }))?.kind).toBe(kind);
    expect(standardSchemas().kindOf(key({ kindId, nsHash: 0 }))).toBe(kind);
  });

  test.each<[string, Partial<SchemaKey>, string]>([
    ["an unknown kind", { kindId: 1 }, "ether.schema_unknown"],
    ["kind 0 with a version", { kindId: 0 }, "ether.schema_unknown"],
    ["an unknown namespace", { nsHash: 7 }, "ether.schema_unknown"],
    ["an unknown major", { major: 2 }, "ether.schema_version"],
    ["an unknown minor", { minor: 1 }, "ether.schema_version"],
    ["another hash", { hash128: new Uint8Array(16).fill(1) }, "ether.schema_hash"],
  ])("%s fails", (_what, over, name) => {
    expect(() => standardSchemas().find(key(over))).toThrow(code(name));
  });

  test("namespace 0 looks in xcp.std, then everywhere, and refuses two answers", () => {
    const registry = standardSchemas();
    registry.add({ ...entry, kind: "text" });
    expect(registry.find(key({ nsHash: 0 }))?.namespace).toBe("xcp.std");
    registry.add(entry);
    const note = key({ nsHash: 0, kindId: fnv1a32("note") });
    expect(registry.find(note)?.namespace).toBe("ours");
    expect(registry.latest("note", 1)?.namespace).toBe("ours");
    registry.add({ ...entry, namespace: "theirs" });
    expect(() => registry.find(note)).toThrow(code("ether.schema_unknown"));
    expect(registry.latest("note", 1)).toBeUndefined();
    expect(registry.latest("note", 1, "theirs")?.namespace).toBe("theirs");
  });

  test("duplicates, other hashes and fnv1a32 collisions are refused and change nothing", () => {
    const registry = new SchemaRegistry();
    registry.add(entry);
    expect(() => registry.add(entry)).toThrow(code("ether.schema_version"));
    expect(() => registry.add({ ...entry, major: 2, sha256: "0".repeat(64) })).toThrow(
      code("ether.schema_hash"),
    );
    const [one, two] = collision();
    registry.add({ ...entry, kind: one });
    expect(() => registry.add({ ...entry, kind: two })).toThrow(code("ether.schema_unknown"));
    expect(() => registry.add({ ...entry, namespace: two, kind: "k" })).not.toThrow();
    expect(() => registry.add({ ...entry, namespace: one, kind: "k" })).toThrow(
      code("ether.schema_unknown"),
    );
    expect(registry.schemas).toHaveLength(3);
  });

  test.each([
    [{ kind: "" }],
    [{ kind: "a:b" }],
    [{ namespace: "" }],
    [{ namespace: "a@b" }],
    [{ kind: "k".repeat(129) }],
    [{ major: 0 }],
    [{ major: 65536 }],
    [{ minor: 1.5 }],
    [{ document: { $ref: "#/$defs/gone" } }],
    [{ document: { type: "text" } }],
    [{ document: { if: {} } }],
  ])("%j is malformed", (over) => {
    expect(() => new SchemaRegistry().add({ ...entry, ...over })).toThrow(RangeError);
  });

  test("minors must add to their neighbours, in whatever order they come", () => {
    const wider = { ...text, properties: { a: { type: "string" }, b: { type: "integer" } } };
    const registry = new SchemaRegistry();
    registry.add({ ...entry, minor: 2, document: wider });
    registry.add(entry);
    expect(() => registry.add({ ...entry, minor: 1, document: { type: "object" } })).toThrow(
      code("ether.schema_version"),
    );
    expect(() => registry.add({ ...entry, minor: 3, document: text })).toThrow(
      code("ether.schema_version"),
    );
    registry.add({ ...entry, major: 2, document: { type: "object" } });
    expect(registry.versions("note", 1).map(({ minor }) => minor)).toEqual([0, 2]);
    expect(registry.latest("note", 1)?.minor).toBe(2);
  });
});

// Two names with one hash: the birthday bound lies near 2^16 names.
function collision(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const name = `kind-${i}`;
    const other = seen.get(fnv1a32(name));
    if (other !== undefined) return [other, name];
    seen.set(fnv1a32(name), name);
  }
}
