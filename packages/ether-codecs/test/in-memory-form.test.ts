import { describe, expect, test } from "@jest/globals";
import {
  createEther,
  inMemoryForm,
  jsonCodec,
  protobufCodec,
  type Value,
} from "@proj/ether-codecs";

const code = (name: string): object => expect.objectContaining({ code: name });

describe("§18: the in-memory form of the standard kinds", () => {
  test.each<[string, string, Value, Value]>([
    ["tokens", "token_ids", [1, 4294967295], Uint32Array.of(1, 4294967295)],
    ["embedding", "values", [0.5, 2], Float32Array.of(0.5, 2)],
    ["image", "data", "AAE=", Uint8Array.of(0, 1)],
  ])("%s from JSON and PROTOBUF", (kind, key, sent, expected) => {
    for (const codec of [jsonCodec, protobufCodec]) {
      const { body } = codec.encode([createEther({ kind, payload: { [key]: sent, more: 1 } })], {});
      const [decoded] = codec.decode(body, {});
      if (decoded === undefined) throw new Error("nothing");
      const { payload } = inMemoryForm(decoded);
      expect(payload[key]).toEqual(expected);
      expect(payload["more"]).toBe(1);
    }
  });

  test("what has its form, and other kinds, stay as they are", () => {
    for (const ether of [
      createEther({ kind: "embedding", payload: { values: Float32Array.of(1) } }),
      createEther({ kind: "embedding", payload: {} }),
      createEther({ kind: "other", payload: { values: [1] } }),
    ]) {
      expect(inMemoryForm(ether)).toBe(ether);
    }
  });

  test("what cannot have it is refused", () => {
    const tokens = createEther({ kind: "tokens", payload: { token_ids: [0.5] } });
    expect(() => inMemoryForm(tokens)).toThrow(code("ether.validation"));
    const image = createEther({ kind: "image", payload: { data: "?" } });
    expect(() => inMemoryForm(image)).toThrow(code("ether.body_malformed"));
  });
});
