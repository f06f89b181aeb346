import { describe, expect, test } from "@jest/globals";
import {
  canonicalJson,
  createEther,
  embeddingEther,
  formatSchemaName,
  imageEther,
  parseSchemaName,
  standardSchemas,
  textEther,
  tokensEther,
  validateEther,
} from "@proj/ether-codecs";
import { sha256Node } from "@proj/ether-codecs/node";
import { formatHex, TensorView } from "@proj/wire-types";
import { golden } from "../golden.js";

const registry = standardSchemas();

describe("§18: the standard kinds", () => {
  test.each(["text", "tokens", "embedding", "image"])(
    "%s has the golden text, hash and ids",
    (kind) => {
      const vector = golden(`schema-${kind}`);
      const schema = registry.latest(kind, 1);
      expect(canonicalJson(schema?.document ?? {})).toBe(vector.what);
      expect(formatHex(schema?.sha256 ?? new Uint8Array())).toBe(vector["sha256"]);
      expect(formatHex(schema?.key.hash128 ?? new Uint8Array())).toBe(vector["hash128"]);
      expect(`0x${schema?.key.kindId.toString(16)}`).toBe(vector["kindId"]);
      expect(`0x${schema?.key.nsHash.toString(16)}`).toBe(vector["nsHash"]);
      expect(schema?.name).toBe(`xcp.std:${kind}:1.0@${String(vector["hash128"])}`);
    },
  );

  test("Node's SHA-256 gives the same registry", () => {
    const names = standardSchemas({ sha256: sha256Node }).schemas.map(({ name }) => name);
    expect(names).toEqual(registry.schemas.map(({ name }) => name));
  });

  test("the factories' Ethers fit", () => {
    const image = { width: 2, height: 1, channels: 3, data: new Uint8Array(6) };
    for (const ether of [
      textEther("hello"),
      tokensEther([1, 2], [true, false]),
      embeddingEther([0.5, Number.NaN]),
      imageEther(image),
    ]) {
      const schema = registry.latest(ether.kind, 1);
      expect(schema?.check(ether.payload)).toEqual([]);
    }
  });

  test.each([
    ["text", {}, "text is missing"],
    ["text", { text: 1 }, "/text: number instead of string"],
    ["tokens", { token_ids: [1, -2] }, "/token_ids/1: -2 is below 0"],
    ["tokens", { token_ids: [0.5] }, "/token_ids/0: number instead of integer"],
    ["tokens", { token_ids: Float32Array.of(1, 1.5) }, "/token_ids/1: number instead of integer"],
    ["tokens", { token_ids: [], mask: [1] }, "/mask/0: number instead of boolean"],
    ["embedding", { values: [1, 2], dim: 3 }, "dim is 3, values has 2"],
    ["embedding", { values: ["x"], dim: 1 }, "/values/0: string instead of number"],
    ["embedding", { values: [], dim: 0 }, "/dim: 0 is below 1"],
    [
      "image",
      { width: 1, height: 1, channels: 1, data: new Uint8Array(2) },
      "is 1, data is 2 bytes",
    ],
    ["image", { width: 1, height: 1, channels: 1, data: 7 }, "/data: number instead of string"],
  ])("%s %j does not fit", (kind, payload, problem) => {
    const ether = createEther({ kind, payload });
    const schema = registry.latest(kind, 1);
    if (schema === undefined) throw new Error("unknown");
    expect(schema.check(ether.payload).join("; ")).toContain(problem);
    expect(() => validateEther(ether, schema)).toThrow(
      expect.objectContaining({ code: "ether.validation" }),
    );
  });

  test("an image's data may be base64 text, and a batch of embeddings a matrix", () => {
    const image = { width: 1, height: 1, channels: 1, data: "AA==" };
    expect(registry.latest("image", 1)?.check(image)).toEqual([]);
    const values = new TensorView("float16", [4, 2], new Uint16Array(8));
    expect(registry.latest("embedding", 1)?.check({ values, dim: 2 })).toEqual([]);
    expect(registry.latest("embedding", 1)?.check({ values, dim: 4 })).toHaveLength(1);
  });
});

describe("§18: names", () => {
  test.each(["xcp.std:text:1.0", "a:b:65535.65535@000102030405060708090a0b0c0d0e0f"])(
    "%s",
    (text) => {
      const name = parseSchemaName(text);
      expect(name === undefined ? undefined : formatSchemaName(name)).toBe(text);
    },
  );

  test.each(["", "a:b", "a:b:1", "a:b:1.65536", "a:b:1.0@00", "a:b:c:1.0", "a:b:1.0@", ":b:1.0"])(
    "%j is none",
    (text) => expect(parseSchemaName(text)).toBeUndefined(),
  );
});
