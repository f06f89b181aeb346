import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Adapter,
  AdapterGraph,
  bindAdapters,
  canonicalJson,
  type Ether,
  type Json,
  parseSchemaIndex,
} from "@proj/ether-codecs";
import { loadSchemaFolder } from "@proj/ether-codecs/node";
import { encodeUtf8 } from "@proj/wire-types";

const document = { type: "object", properties: { a: { type: "string" } } };
const sha256 = createHash("sha256").update(canonicalJson(document)).digest("hex");
const entry = {
  namespace: "ours",
  kind: "note",
  major: 1,
  minor: 0,
  file: "sub/note.json",
  sha256,
};
const adapter = {
  from: "ours:note:1",
  to: "xcp.std:text:1",
  cost: 3,
  lossy: true,
  name: "note-to-text",
};
const text = {
  namespace: "xcp.std",
  kind: "text",
  major: 1,
  minor: 0,
  file: "text.json",
  sha256: "3a6871f7f8a16ce1dc2fa001158f8d8db99afc4a357d039d31382ffe4272637d",
};
const textDocument =
  '{"$id":"xcp.std:text:1.0","$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"text":{"type":"string"}},"required":["text"],"type":"object"}';

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "schemas-"));
});
afterAll(() => rm(root, { recursive: true }));

let folders = 0;
async function folder(index: Json, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const path = join(root, `${folders++}`);
  await mkdir(join(path, "sub"), { recursive: true });
  await writeFile(join(path, "index.json"), JSON.stringify(index));
  const all = {
    "sub/note.json": JSON.stringify(document, undefined, 2),
    "text.json": textDocument,
    ...files,
  };
  for (const [file, content] of Object.entries(all)) await writeFile(join(path, file), content);
  return path;
}

describe("§18: a folder of schemas", () => {
  test("is loaded on top of the standard kinds, with its adapters", async () => {
    const path = await folder({ version: 1, schemas: [entry, text], adapters: [adapter] });
    const { registry, index } = await loadSchemaFolder(path);
    expect(registry.latest("note", 1)?.check({ a: 1 })).toHaveLength(1);
    expect(registry.schemas).toHaveLength(5);
    const adapters = bindAdapters(index, { "note-to-text": (ether) => ether });
    expect(adapters).toMatchObject([{ name: "note-to-text", cost: 3, lossy: true }]);
    expect(() => new AdapterGraph(registry, adapters)).not.toThrow();
    expect(() => bindAdapters(index, {})).toThrow(/note-to-text \(ours:note:1 to xcp.std:text:1\)/);
    const inherited: Record<string, Adapter["adapt"]> = {};
    Object.setPrototypeOf(inherited, { "note-to-text": (ether: Ether) => ether });
    expect(() => bindAdapters(index, inherited)).toThrow(RangeError);
  });

  test.each<[string, Json, string]>([
    ["another hash", { ...entry, sha256: "0".repeat(64) }, "ether.schema_hash"],
    [
      "another standard schema",
      { ...entry, namespace: "xcp.std", kind: "text" },
      "ether.schema_version",
    ],
  ])("%s is refused", async (_what, schema, code) => {
    const path = await folder({ version: 1, schemas: [schema] });
    await expect(loadSchemaFolder(path)).rejects.toMatchObject({ code });
  });

  test.each<[string, Json, RegExp]>([
    ["another version of the index", { version: 2, schemas: [] }, /version/],
    ["no schemas", { version: 1 }, /schemas/],
    [
      "a file above the folder",
      { version: 1, schemas: [{ ...entry, file: "../x.json" }] },
      /leaves the folder/,
    ],
    [
      "an absolute file",
      { version: 1, schemas: [{ ...entry, file: "/etc/passwd" }] },
      /leaves the folder/,
    ],
    ["a Windows path", { version: 1, schemas: [{ ...entry, file: "C:\\x" }] }, /leaves the folder/],
    [
      "a dot in the path",
      { version: 1, schemas: [{ ...entry, file: "sub/./note.json" }] },
      /leaves the folder/,
    ],
    [
      "a hash in capitals",
      { version: 1, schemas: [{ ...entry, sha256: sha256.toUpperCase() }] },
      /hex/,
    ],
    [
      "an adapter without a node",
      { version: 1, schemas: [], adapters: [{ ...adapter, from: "note" }] },
      /ns:kind:major/,
    ],
    [
      "an adapter of cost 0",
      { version: 1, schemas: [], adapters: [{ ...adapter, cost: 0 }] },
      /cost/,
    ],
    ["a schema listed twice", { version: 1, schemas: [entry, entry] }, /twice/],
    [
      "a file that is missing",
      { version: 1, schemas: [{ ...entry, file: "gone.json" }] },
      /cannot be read/,
    ],
    ["a folder as file", { version: 1, schemas: [{ ...entry, file: "sub" }] }, /is no file/],
    ["a name with a colon", { version: 1, schemas: [{ ...entry, kind: "a:b" }] }, /no schema name/],
  ])("%s is refused by name", async (_what, index, problem) => {
    await expect(loadSchemaFolder(await folder(index))).rejects.toThrow(problem);
  });

  test.each([
    ["no JSON", "{", /not JSON/],
    ["a list", "[]", /not a JSON object/],
    ["a megabyte and a byte", " ".repeat(1_048_577), /limit 1048576/],
    ["an unsupported keyword", '{"if":{}}', /sub\/note.json/],
  ])("a schema file that is %s is refused", async (_what, content, problem) => {
    const hash = createHash("sha256").update('{"if":{}}').digest("hex");
    const index = { version: 1, schemas: [{ ...entry, sha256: hash }] };
    await expect(
      loadSchemaFolder(await folder(index, { "sub/note.json": content })),
    ).rejects.toThrow(problem);
  });

  test("a link that leads out of the folder is refused", async () => {
    const path = await folder({ version: 1, schemas: [{ ...entry, file: "link.json" }] });
    await writeFile(join(root, "outside.json"), JSON.stringify(document));
    await symlink(join(root, "outside.json"), join(path, "link.json"));
    await expect(loadSchemaFolder(path)).rejects.toThrow(/leaves the folder/);
  });

  test("every problem of an index is named at once", () => {
    const bytes = encodeUtf8(
      JSON.stringify({ version: 1, schemas: [{ ...entry, major: 0, file: "../x" }] }),
    );
    expect(() => parseSchemaIndex(bytes)).toThrow(/schemas\/0\/major.*schemas\/0\/file/);
    expect(() => parseSchemaIndex(encodeUtf8("nothing"))).toThrow(RangeError);
  });
});
