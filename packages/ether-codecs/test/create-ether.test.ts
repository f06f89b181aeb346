import { describe, expect, test } from "@jest/globals";
import {
  AttachmentRef,
  CodecRegistry,
  createEther,
  embeddingEther,
  type EtherInit,
  EtherCodes,
  EtherError,
  imageEther,
  jsonCodec,
  protobufCodec,
  resolveEtherLimits,
  standardCodecs,
  tensorEther,
  textEther,
  tokensEther,
  type Value,
} from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";

const init = (over: object): EtherInit => ({ kind: "k", payload: {}, ...over });
const problemsOf = (over: object): string => {
  try {
    createEther(init(over));
  } catch (thrown) {
    if (thrown instanceof EtherError && thrown.code === "ether.ether_invalid")
      return thrown.message;
    throw thrown;
  }
  return "";
};

describe("§13: making an Ether", () => {
  test("absent members get their defaults", () => {
    expect(createEther({ kind: "k", payload: { a: 1 } })).toEqual({
      kind: "k",
      schemaVersion: 1,
      payload: { a: 1 },
      metadata: {},
      extraFields: {},
      attachments: [],
    });
  });

  test("maps and vectors are kept, not copied", () => {
    const payload = { v: Float32Array.of(1) };
    expect(createEther({ kind: "k", payload }).payload).toBe(payload);
  });

  test.each<[string, object, string]>([
    ["an empty kind", { kind: "" }, "kind: "],
    ["a kind of 129 bytes", { kind: "ü".repeat(65) }, "130 bytes"],
    ["a kind with a lone surrogate", { kind: "\ud800" }, "lone surrogate"],
    ["version 0", { schemaVersion: 0 }, "schemaVersion: "],
    ["version 65536", { schemaVersion: 65_536 }, "65536"],
    ["NaN", { payload: { a: [1, { b: Number.NaN }] } }, "payload/a/1/b: NaN"],
    ["a bigint beyond u64", { payload: { a: 2n ** 64n } }, "payload/a"],
    ["undefined", { payload: { a: undefined } }, "payload/a: a undefined"],
    ["a date", { payload: { a: new Date() } }, "an object of Date"],
    ["a class as map", { metadata: new URL("http://x") }, "metadata: not a plain object"],
    ["a lone surrogate as key", { extraFields: { "\udc00": 1 } }, "extraFields/"],
    [
      "a reference to a lone surrogate",
      { payload: { a: new AttachmentRef("\udc00") } },
      "payload/a",
    ],
    ["an unknown member", { payLoad: {} }, "payLoad"],
    ["an attachment without data", { attachments: [{ id: "a" }] }, "attachments/0: exactly one"],
    [
      "an attachment id twice",
      {
        attachments: [
          { id: "a", uri: "x:" },
          { id: "a", uri: "x:" },
        ],
      },
      "twice",
    ],
    [
      "a dimension beyond u32",
      { attachments: [{ id: "a", uri: "x:", shape: [2 ** 32] }] },
      "no u32",
    ],
    [
      "a shape past 2^53",
      {
        attachments: [
          { id: "a", uri: "x:", sizeBytes: 1, dtype: "int8", shape: [4294967295, 4294967295] },
        ],
      },
      "Infinity bytes",
    ],
  ])("%s is named", (_what, over, problem) => expect(problemsOf(over)).toContain(problem));

  test("every problem is named at once", () => {
    const message = problemsOf({
      kind: "",
      schemaVersion: -1,
      payload: { a: Number.NaN, b: () => 1 },
    });
    for (const part of ["kind: ", "schemaVersion: ", "payload/a: ", "payload/b: "]) {
      expect(message).toContain(part);
    }
  });

  test("64 levels pass, 65 do not, cycles end", () => {
    let value: Value = [];
    for (let i = 0; i < 62; i++) value = [value];
    expect(problemsOf({ payload: { a: value } })).toBe("");
    expect(problemsOf({ payload: { a: [value] } })).toContain("64 levels");
    const cycle: Value[] = [];
    cycle.push(cycle);
    expect(problemsOf({ payload: { a: cycle } })).toContain("64 levels");
  });
});

describe("factories", () => {
  test("make the standard kinds in their in-memory form", () => {
    expect(textEther("a").payload).toEqual({ text: "a" });
    expect(tokensEther([1, 2]).payload).toEqual({ token_ids: Uint32Array.of(1, 2) });
    expect(tokensEther([1], [true]).payload["mask"]).toEqual([true]);
    expect(embeddingEther([1, 2]).payload).toEqual({ values: Float32Array.of(1, 2), dim: 2 });
    const image = { width: 1, height: 2, channels: 3, data: new Uint8Array(6) };
    expect(imageEther(image, { metadata: { a: 1 } })).toMatchObject({
      payload: image,
      metadata: { a: 1 },
    });
    const tensor = new TensorView("float32", [1], new Float32Array(1));
    expect(tensorEther(tensor).payload["data"]).toBe(tensor);
  });

  test.each<[string, () => unknown]>([
    ["a token beyond u32", () => tokensEther([2 ** 32])],
    ["a negative token", () => tokensEther([-1])],
    ["a mask of another length", () => tokensEther([1], [])],
    ["an empty embedding", () => embeddingEther([])],
    [
      "pixels of another length",
      () => imageEther({ width: 1, height: 1, channels: 1, data: new Uint8Array(2) }),
    ],
    [
      "half a pixel",
      () => imageEther({ width: 0.5, height: 2, channels: 1, data: new Uint8Array(1) }),
    ],
  ])("%s is refused", (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "ether.ether_invalid" }));
  });
});

describe("§2: the codec registry", () => {
  test("holds codecs by id and name", () => {
    const codecs = standardCodecs();
    expect(codecs.get(1)).toBe(jsonCodec);
    expect(codecs.byName("PROTOBUF")).toBe(protobufCodec);
    expect(codecs.get(0x7777)).toBeUndefined();
    expect(codecs.ids).toEqual(expect.arrayContaining([1, 2, 3, 4, 8, 16, 32]));
  });

  test.each([0, 0x00ff, -1, 65_536, 1.5])("id %p is refused", (id) => {
    expect(() => new CodecRegistry([{ ...jsonCodec, id }])).toThrow(RangeError);
  });

  test("duplicates are refused, by id and by name", () => {
    expect(() => new CodecRegistry([jsonCodec, { ...jsonCodec, name: "X" }])).toThrow(RangeError);
    expect(() => new CodecRegistry([jsonCodec, { ...jsonCodec, id: 0x8000 }])).toThrow(RangeError);
    expect(new CodecRegistry([{ ...jsonCodec, id: 0x8000, name: "X" }]).ids).toEqual([0x8000]);
  });
});

test("§9: every code has its own number", () => {
  const numbers = Object.values(EtherCodes).map(({ wire }) => wire);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test("limits beyond their range are refused by name", () => {
  expect(() => resolveEtherLimits({ maxNesting: 65 })).toThrow(/maxNesting/);
  expect(resolveEtherLimits({ maxNesting: 3 }).maxNesting).toBe(3);
});
