import { describe, expect, test } from "@jest/globals";
import {
  ArrowCodec,
  arrowCodec,
  AttachmentRef,
  createEther,
  type Ether,
  resolveEtherLimits,
  type Value,
} from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import { tableFromIPC } from "apache-arrow";
import { expectSame, payloadOf, roundTrip, samples } from "./ethers.js";

function columnTypes(ethers: readonly Ether[]): Record<string, string> {
  const table = tableFromIPC(arrowCodec.encode(ethers, {}).body);
  return Object.fromEntries(
    table.schema.fields.map(({ name, type, metadata }) => [
      name,
      `${type}${metadata.has("xcp.enc") ? `/${metadata.get("xcp.enc")}` : ""}`,
    ]),
  );
}

const columns: readonly (readonly [string, readonly Value[], string])[] = [
  ["text", ["a", "", "hé"], "Utf8"],
  ["booleans", [true, false, true], "Bool"],
  ["bytes", [Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)], "Binary"],
  ["integers", [1, -5_000_000_000, Number.MAX_SAFE_INTEGER], "Int64"],
  ["big integers", [1n << 62n, -(1n << 63n), 7], "Int64"],
  ["integers above 2^63", [(1n << 64n) - 1n, 0, 3n], "Uint64"],
  ["numbers", [1, 0.5, -0], "Float64"],
  ["-0 alone", [-0, 1, 2], "Float64"],
  ["float32", [Float32Array.of(1, NaN), Float32Array.of(2, 3)], "FixedSizeList[2]<Float32>"],
  ["varying float64", [Float64Array.of(1), Float64Array.of(2, -Infinity)], "List<Float64>"],
  ["empty vectors", [new Int8Array(0), new Int8Array(0)], "FixedSizeList[0]<Int8>"],
  ["int8", [Int8Array.of(-1), Int8Array.of(127)], "FixedSizeList[1]<Int8>"],
  ["int16", [Int16Array.of(-1, 2)], "FixedSizeList[2]<Int16>"],
  ["uint16", [Uint16Array.of(1, 65535)], "FixedSizeList[2]<Uint16>"],
  ["int32", [Int32Array.of(-1, 2)], "FixedSizeList[2]<Int32>"],
  ["uint32", [Uint32Array.of(1, 2 ** 32 - 1)], "FixedSizeList[2]<Uint32>"],
  ["int64", [BigInt64Array.of(-1n)], "FixedSizeList[1]<Int64>"],
  ["uint64", [BigUint64Array.of(2n ** 64n - 1n)], "FixedSizeList[1]<Uint64>"],
  [
    "float16",
    [tensor("float16", [3], Uint16Array.of(0x3c00, 0x7c00, 1))],
    "FixedSizeList[3]<Float16>",
  ],
  ["uint8", [tensor("uint8", [2], Uint8Array.of(0, 255))], "FixedSizeList[2]<Uint8>"],
  [
    "bool",
    [tensor("bool", [9], Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 0, 1))],
    "FixedSizeList[9]<Bool>",
  ],
  [
    "varying bool",
    [tensor("bool", [3], Uint8Array.of(1, 0, 1)), tensor("bool", [1], Uint8Array.of(1))],
    "List<Bool>",
  ],
  [
    "matrices",
    [tensor("int16", [2, 3], Int16Array.of(1, 2, 3, 4, 5, 6))],
    "FixedSizeList[2]<FixedSizeList[3]<Int16>>",
  ],
  [
    "matrices with varying rows",
    [
      tensor("uint8", [2, 2], Uint8Array.of(1, 2, 3, 4)),
      tensor("uint8", [1, 2], Uint8Array.of(5, 6)),
    ],
    "List<FixedSizeList[2]<Uint8>>",
  ],
  ["lists", [[1, "a"], []], "Utf8/json"],
  ["maps", [{ a: { b: [true] } }, { $other: 1 }], "Utf8/json"],
  ["mixed", [1, "a", { b: 2 }, Uint8Array.of(9)], "Utf8/json"],
  ["references", [new AttachmentRef("a0"), new AttachmentRef("a1")], "Utf8/att"],
];

function tensor(...parts: ConstructorParameters<typeof TensorView>): TensorView {
  return new TensorView(...parts);
}

const rowCodec = new ArrowCodec({ layout: "row" });

describe("§14.7: row layout", () => {
  test.each(columns)("%s", (_, values, type) => {
    const ethers = samples(values.map((value) => ({ key: value })));
    const body = rowCodec.encode(ethers, {}).body;
    const [field] = tableFromIPC(body).schema.fields;
    const encoding = field?.metadata.get("xcp.enc");
    expect(`${field?.type}${encoding === undefined ? "" : `/${encoding}`}`).toBe(type);
    expectSame(rowCodec.decode(body, {}), ethers);
  });

  test.each(columns)("%s with null and missing slots", (_, values) => {
    const payloads = values.flatMap((value) => [{ key: null }, { key: value }, { other: 1 }]);
    const ethers = samples(payloads);
    expectSame(roundTrip(ethers, rowCodec), ethers);
  });

  test("vectors of two types share a column as JSON", () => {
    const ethers = samples([{ key: Float32Array.of(1) }, { key: Float64Array.of(2) }]);
    expect(columnTypes(ethers)).toEqual({ key: "Utf8/json" });
    expectSame(roundTrip(ethers), ethers);
  });

  test("a list of numbers in embedding.values is the float32 vector its schema says", () => {
    const ethers = [createEther({ kind: "embedding", payload: { values: [1, 2], dim: 2 } })];
    expect(columnTypes(ethers)).toEqual({ values: "FixedSizeList[2]<Float32>", dim: "Int64" });
  });

  test("payload keys that begin with _ get one more; __proto__ stays a key", () => {
    const payload = JSON.parse('{"_metadata":"a","__proto__":"b","_":"c","constructor":"d"}');
    const ethers = samples([payload, { constructor: "e" }]);
    expect(Object.keys(columnTypes(ethers))).toEqual([
      "__metadata",
      "___proto__",
      "__",
      "constructor",
    ]);
    const [first, second] = roundTrip(ethers);
    expect(Object.keys(first?.payload ?? {})).toEqual([
      "_metadata",
      "__proto__",
      "_",
      "constructor",
    ]);
    expect(Object.getPrototypeOf(first?.payload)).toBeNull();
    expect({ ...second?.payload }).toEqual({ constructor: "e" });
  });

  test("shared metadata is written once, the rest per row", () => {
    const shared = { trace_id: "t", producer: "p", tags: ["a", "b"] };
    const ethers = [
      createEther({ kind: "k", payload: { a: 1 }, metadata: shared, extraFields: { x: 1 } }),
      createEther({
        kind: "k",
        payload: { a: 2 },
        metadata: { ...shared, producer: "q", own: true },
        extraFields: { x: 1, y: Float32Array.of(1) },
      }),
      createEther({
        kind: "k",
        payload: { a: 3 },
        metadata: { ...shared, tags: ["a", "b"] },
        extraFields: { x: 1 },
      }),
    ];
    const table = tableFromIPC(arrowCodec.encode(ethers, {}).body);
    expect(table.schema.metadata.get("trace_id")).toBe("t");
    expect(table.schema.metadata.get("xcp.metadata")).toBe('{"tags":["a","b"]}');
    expect(table.schema.metadata.get("xcp.extra")).toBe('{"x":1}');
    expect(table.getChild("_metadata")?.toJSON()).toEqual([
      '{"producer":"p"}',
      '{"own":true,"producer":"q"}',
      '{"producer":"p"}',
    ]);
    expect(table.getChild("_extra")?.toJSON()).toEqual([null, '{"y":[1]}', null]);
    expectSame(roundTrip(ethers), ethers);
  });

  test("a trace_id that rows do not share stays with its row", () => {
    const ethers = ["a", "b"].map((trace_id) =>
      createEther({ kind: "k", payload: { a: 1 }, metadata: { trace_id } }),
    );
    const table = tableFromIPC(arrowCodec.encode(ethers, {}).body);
    expect(table.schema.metadata.has("trace_id")).toBe(false);
    expectSame(roundTrip(ethers), ethers);
  });

  test("attachments: descriptors as JSON, bytes as binary in their order", () => {
    const inline = {
      id: "a",
      inlineBytes: Uint8Array.of(1, 2, 3, 4),
      shape: [1],
      dtype: "float32",
      sizeBytes: 4,
      mediaType: "application/octet-stream",
    } as const;
    const remote = { id: "b", uri: "shm://ns/p1-x#0,8", codec: "TENSOR_F32", sizeBytes: 8 };
    const payload = { data: new AttachmentRef("a") };
    const ethers = [
      createEther({ kind: "k", payload, attachments: [remote, inline] }),
      createEther({ kind: "k", payload: { data: null } }),
      createEther({ kind: "k", payload, attachments: [inline] }),
    ];
    const table = tableFromIPC(arrowCodec.encode(ethers, {}).body);
    expect(table.getChild("_att_json")?.get(0)).not.toContain("inline_bytes");
    expect(String(table.getChild("_att_bytes")?.type)).toBe("List<Binary>");
    expect(table.getChild("_att_bytes")?.get(0)?.get(0)).toBeNull();
    expect(table.getChild("_att_bytes")?.get(1)).toBeNull();
    expectSame(roundTrip(ethers), ethers);
  });

  test("an inline attachment without its bytes is refused", () => {
    const ethers = [
      createEther({
        kind: "k",
        payload: {},
        attachments: [{ id: "a", uri: "shm://n/x", sizeBytes: 1 }],
      }),
    ];
    const { body } = arrowCodec.encode(ethers, {});
    const text = Buffer.from(body).indexOf('"uri"');
    body[text + 1] = 0x78;
    expect(() => arrowCodec.decode(body, {})).toThrow(
      expect.objectContaining({ code: "ether.attachment_invalid" }),
    );
  });

  test("column data are views of an 8-aligned body, copies otherwise", () => {
    const ethers = samples([
      { v: Float64Array.of(1, 2), b: Uint8Array.of(1) },
      { v: Float64Array.of(3, 4), b: Uint8Array.of(2) },
    ]);
    const { body } = arrowCodec.encode(ethers, {});
    const [, second] = arrowCodec.decode(body, {});
    expect((payloadOf(second)["v"] as Float64Array).buffer).toBe(body.buffer);
    expect((payloadOf(second)["b"] as Uint8Array).buffer).toBe(body.buffer);
    const shifted = new Uint8Array(body.length + 3).subarray(3);
    shifted.set(body);
    expectSame(arrowCodec.decode(shifted, {}), ethers);
  });

  test("kinds and versions do not mix, and a batch is not empty", () => {
    const one = createEther({ kind: "a", payload: { x: 1 } });
    const invalid = expect.objectContaining({ code: "ether.ether_invalid" });
    const other = createEther({ kind: "b", payload: { x: 1 } });
    expect(() => arrowCodec.encode([one, other], {})).toThrow(invalid);
    const newer = createEther({ kind: "a", schemaVersion: 2, payload: { x: 1 } });
    expect(() => arrowCodec.encode([one, newer], {})).toThrow(invalid);
    expect(() => arrowCodec.encode([], {})).toThrow(invalid);
  });

  test("a scalar that is no finite number is refused on both sides", () => {
    const bad = {
      kind: "k",
      schemaVersion: 1,
      payload: { x: NaN },
      metadata: {},
      extraFields: {},
      attachments: [],
    };
    expect(() => arrowCodec.encode([bad], {})).toThrow(
      expect.objectContaining({ code: "ether.ether_invalid" }),
    );
    const { body } = arrowCodec.encode(samples([{ x: 0.5 }]), {});
    const at = Buffer.from(body).indexOf(Buffer.from(Float64Array.of(0.5).buffer));
    body.set(new Uint8Array(Float64Array.of(Infinity).buffer), at);
    expect(() => arrowCodec.decode(body, {})).toThrow(
      expect.objectContaining({ code: "ether.body_malformed" }),
    );
  });

  test("batches above maxEthers are refused before any Ether is made", () => {
    const { body } = arrowCodec.encode(samples([{ x: 1 }, { x: 2 }]), {});
    const limits = resolveEtherLimits({ maxEthers: 1 });
    expect(() => arrowCodec.decode(body, { limits })).toThrow(
      expect.objectContaining({ code: "ether.too_large" }),
    );
  });
});
