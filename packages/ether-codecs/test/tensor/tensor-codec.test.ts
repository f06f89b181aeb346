import { describe, expect, test } from "@jest/globals";
import {
  createEther,
  decodeTensor,
  elementsOf,
  embeddingEther,
  type EncodedBody,
  encodeTensor,
  type Ether,
  mixedLatentCodec,
  quantize,
  QuantizedTensor,
  SchemaRegistry,
  standardSchemas,
  tensorEther,
  tensorF16Codec,
  tensorF32Codec,
  tensorQnt8Codec,
  TensorDType,
  textEther,
  type Value,
} from "@proj/ether-codecs";
import { fnv1a32, parseHex, TensorView } from "@proj/wire-types";

const code = (name: string): object => expect.objectContaining({ code: name });
const numbersOf = (value: Value): number[] => Array.from(elementsOf(value) ?? [], Number);
const header = (ndim: number, dtype: number, flags: number, byte3: number, ...shape: number[]) => {
  const bytes = new Uint8Array(32);
  bytes.set([ndim, dtype, flags, byte3]);
  const view = new DataView(bytes.buffer);
  shape.forEach((dimension, axis) => view.setUint32(4 + 4 * axis, dimension, true));
  return bytes;
};
const body = (head: Uint8Array, length: number): Uint8Array => {
  const bytes = new Uint8Array(32 + length);
  bytes.set(head);
  return bytes;
};
const extended = { tensorExtension: true };

describe("§14.3: the tensor header", () => {
  test("rank 6 passes, rank 7 is refused by the encoder", () => {
    const deep = new TensorView("float32", [1, 1, 1, 1, 1, 2], Float32Array.of(1, 2));
    expect(decodeTensor(encodeTensor(deep), TensorDType.F32).shape).toEqual(deep.shape);
    const deeper = new TensorView("float32", [1, 1, 1, 1, 1, 1, 2], Float32Array.of(1, 2));
    expect(() => encodeTensor(deeper)).toThrow(code("ether.ether_invalid"));
  });

  test("an empty tensor has no data, whatever its other dimensions", () => {
    const bytes = header(3, 0, 0, 0, 0xffff_ffff, 0, 0xffff_ffff);
    const decoded = decodeTensor(bytes, TensorDType.F32);
    expect(decoded.shape).toEqual([0xffff_ffff, 0, 0xffff_ffff]);
    expect(numbersOf(decoded)).toEqual([]);
    expect(decodeTensor(header(2, 2, 1, 0, 5, 0), TensorDType.QNT8).shape).toEqual([5, 0]);
    expect(numbersOf(decodeTensor(header(2, 2, 1, 0, 5, 0), TensorDType.QNT8))).toEqual([]);
  });

  test("sizes are checked before anything is allocated", () => {
    const huge = header(6, 2, 0, 0, 2, 2, 2, 2, 2, 0xffff_ffff);
    expect(() => decodeTensor(huge, TensorDType.QNT8)).toThrow(code("ether.tensor_size"));
    const rows = header(3, 2, 1, 0, 0xffff_ffff, 0xffff_ffff, 1);
    expect(() => decodeTensor(rows, TensorDType.QNT8)).toThrow(code("ether.tensor_header"));
  });

  test.each([
    ["an unknown flag", header(1, 2, 0x04, 0, 1)],
    ["byte 3 without the extension", header(1, 2, 0, 1, 1)],
    ["an own zero point without the extension", header(1, 2, 0x08, 1, 1)],
    ["row_qnt with col_major", header(2, 2, 0x03, 0, 1, 1)],
    ["row_qnt on floats", header(1, 0, 0x01, 0, 1)],
  ])("%s is refused", (_what, head) => {
    expect(() => decodeTensor(body(head, 4), head[1] ?? 0)).toThrow(code("ether.tensor_header"));
  });

  test("31 bytes are too short", () => {
    expect(() => decodeTensor(new Uint8Array(31), 0)).toThrow(code("ether.tensor_size"));
  });

  test("column-major data is read in its order", () => {
    const bytes = body(header(2, 0, 0x02, 0, 2, 3), 24);
    new Float32Array(bytes.buffer, 32).set([1, 4, 2, 5, 3, 6]);
    const decoded = decodeTensor(bytes, TensorDType.F32) as TensorView;
    expect(numbersOf(decoded)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(decoded.data.buffer).toBe(bytes.buffer);
    expect(encodeTensor(decoded)).toEqual(bytes);
  });

  test("floats that are not aligned are copied", () => {
    const bytes = new Uint8Array(41);
    bytes.set(body(header(1, 0, 0, 0, 2), 8), 1);
    const decoded = decodeTensor(bytes.subarray(1), TensorDType.F32) as TensorView;
    expect(decoded.data.buffer).not.toBe(bytes.buffer);
  });
});

describe("§14.4: 8-bit tensors", () => {
  test("a row whose scale is NaN takes the header's", () => {
    const bytes = body(header(2, 2, 1, 0, 2, 1), 10);
    const view = new DataView(bytes.buffer);
    view.setFloat32(28, 2, true);
    view.setFloat32(32, Number.NaN, true);
    bytes[36] = 130;
    view.setFloat32(37, 0.5, true);
    bytes[41] = 0;
    expect(numbersOf(decodeTensor(bytes, TensorDType.QNT8))).toEqual([4, -64]);
  });

  test("rounding is half away from zero, clamped to ±127", () => {
    const tensor = quantize([5], Float32Array.of(127, 0.5, -0.5, 1.5, -2.5), "global");
    expect([...tensor.data]).toEqual([255, 129, 127, 130, 125]);
  });

  test("zeros, and what float32 cannot scale, are stored as 128", () => {
    expect([...quantize([2], new Float32Array(2), "global").data]).toEqual([128, 128]);
    const tiny = quantize([1], Float64Array.of(1e-60), "global");
    expect([...tiny.data]).toEqual([128]);
    expect(tiny.header.scale).toBe(0);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])("%p is refused", (number) => {
    expect(() => quantize([1], Float64Array.of(number), "row")).toThrow(
      code("ether.ether_invalid"),
    );
  });

  test("numbers are computed when first asked, and once", () => {
    const tensor = quantize([2, 2], Float32Array.of(1, 2, 3, 4), "row");
    expect(tensor.toTensor()).toBe(tensor.toTensor());
    expect(() => new QuantizedTensor(tensor.header, new Uint8Array(3))).toThrow(
      code("ether.tensor_size"),
    );
  });
});

describe("§14.5: the extension", () => {
  test("flag bit 3 makes byte 3 the zero point", () => {
    const bytes = body(header(1, 2, 0x08, 10, 2), 2);
    new DataView(bytes.buffer).setFloat32(28, 0.5, true);
    bytes.set([0, 20], 32);
    const decoded = decodeTensor(bytes, TensorDType.QNT8, extended) as QuantizedTensor;
    expect(numbersOf(decoded)).toEqual([-5, 5]);
    expect(encodeTensor(decoded, extended)).toEqual(bytes);
    expect(() => encodeTensor(decoded)).toThrow(code("ether.ether_invalid"));
    expect(() => tensorQnt8Codec().decode(bytes, {})).toThrow(code("ether.tensor_header"));
    expect(tensorQnt8Codec().decode(bytes, extended)).toHaveLength(1);
  });

  test("flag bit 4 gives every row its zero point", () => {
    const bytes = body(header(2, 2, 0x11, 0, 2, 1), 18);
    const view = new DataView(bytes.buffer);
    view.setFloat32(32, 1, true);
    bytes[36] = 100;
    bytes[40] = 101;
    view.setFloat32(41, 2, true);
    bytes[45] = 0;
    bytes[49] = 3;
    const decoded = decodeTensor(bytes, TensorDType.QNT8, extended) as QuantizedTensor;
    expect(numbersOf(decoded)).toEqual([1, 6]);
    expect(encodeTensor(decoded, extended)).toEqual(bytes);
  });

  test.each([
    ["bit 3 with rows", header(2, 2, 0x09, 1, 1, 1)],
    ["bit 4 without rows", header(1, 2, 0x10, 0, 1)],
    ["bit 3 on floats", header(1, 0, 0x08, 1, 1)],
    ["bit 5", header(1, 2, 0x20, 0, 1)],
  ])("%s is refused", (_what, head) => {
    expect(() => decodeTensor(body(head, 9), head[1] ?? 0, extended)).toThrow(
      code("ether.tensor_header"),
    );
  });
});

describe("§14.6: tensor bodies as Ethers", () => {
  const schemas = standardSchemas();
  const embedding = embeddingEther([1, 2, 3], { metadata: { trace_id: "t" } });
  const only = (ethers: readonly Ether[]): Ether => {
    const [ether] = ethers;
    if (ether === undefined) throw new Error("nothing");
    return ether;
  };

  test("an embedding goes under its schema key and comes back whole", () => {
    const encoded = tensorF32Codec.encode([embedding], { schemas });
    expect(encoded.schemaKey?.kindId).toBe(fnv1a32("embedding"));
    expect(encoded.tags).toEqual([{ key: "m.trace_id", val: "t" }]);
    const decoded = only(tensorF32Codec.decode(encoded.body, encoded));
    expect(decoded.kind).toBe("embedding");
    expect(decoded.payload["dim"]).toBe(3);
    expect(numbersOf(decoded.payload["values"] ?? null)).toEqual([1, 2, 3]);
    expect({ ...decoded.metadata }).toEqual({ trace_id: "t" });
  });

  test("without a key the kind travels as a tag", () => {
    const encoded = tensorF16Codec.encode([embedding], {});
    expect(encoded.schemaKey).toBeUndefined();
    expect(encoded.tags).toContainEqual({ key: "xcp.kind", val: "embedding" });
    const decoded = only(tensorF16Codec.decode(encoded.body, { tags: encoded.tags }));
    expect(decoded.kind).toBe("embedding");
    expect(decoded.schemaVersion).toBe(1);
  });

  test("dim is the last dimension of a batch", () => {
    const values = new TensorView("float32", [2, 3], new Float32Array(6));
    const ether = createEther({ kind: "embedding", payload: { values, dim: 3 } });
    const encoded = tensorF32Codec.encode([ether], { schemas });
    expect(only(tensorF32Codec.decode(encoded.body, encoded)).payload["dim"]).toBe(3);
  });

  test("the published kind number names the kind; the last of duplicate tags counts", () => {
    const { body: bytes } = tensorF32Codec.encode([tensorEther(vector())], {});
    const key = { nsHash: 0, kindId: 0x9c5f4b3d, major: 1, minor: 0 };
    expect(only(tensorF32Codec.decode(bytes, { schemaKey: key })).kind).toBe("embedding");
    const tags = [
      { key: "xcp.kind", val: "a" },
      { key: "xcp.kind", val: "b" },
      { key: "m.x", val: "1" },
      { key: "m.x", val: "2" },
      { key: "m.__proto__", val: "3" },
    ];
    const decoded = only(tensorF32Codec.decode(bytes, { tags }));
    expect(decoded.kind).toBe("b");
    expect(Object.entries(decoded.metadata)).toEqual([
      ["x", "2"],
      ["__proto__", "3"],
    ]);
    expect(only(tensorF32Codec.decode(bytes, { schemas: new SchemaRegistry() })).kind).toBe(
      "tensor",
    );
  });

  test.each<[string, Ether]>([
    ["no tensor", textEther("x")],
    ["a member besides it", createEther({ kind: "tensor", payload: { data: vector(), more: 1 } })],
    ["another dim", createEther({ kind: "embedding", payload: { values: vector(), dim: 9 } })],
    ["no dim", createEther({ kind: "embedding", payload: { values: vector() } })],
    ["metadata that is no text", tensorEther(vector(), { metadata: { a: 1 } })],
    ["extra fields", tensorEther(vector(), { extraFields: { a: 1 } })],
    ["attachments", tensorEther(vector(), { attachments: [{ id: "a", uri: "shm://a/b" }] })],
    ["a version that no key carries", tensorEther(vector(), { schemaVersion: 2 })],
    ["a long metadata value", tensorEther(vector(), { metadata: { a: "x".repeat(4097) } })],
    ["64-bit integers", createEther({ kind: "tensor", payload: { data: BigInt64Array.of(1n) } })],
    ["text for a tensor", createEther({ kind: "tensor", payload: { data: "x" } })],
  ])("an Ether with %s is refused", (_what, ether) => {
    expect(() => tensorF32Codec.encode([ether], {})).toThrow(code("ether.ether_invalid"));
  });

  test("more than 62 tags are refused: two of a header's 64 belong to the session", () => {
    const encode = (count: number): EncodedBody => {
      const metadata = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""]));
      return tensorF32Codec.encode([tensorEther(vector(), { metadata })], {});
    };
    expect(encode(62).tags).toHaveLength(62);
    expect(() => encode(63)).toThrow(code("ether.ether_invalid"));
  });

  test("so are tags of more bytes than receivers read by default", () => {
    const encode = (count: number): EncodedBody => {
      const metadata = Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`k${i}`, "x".repeat(4096)]),
      );
      return tensorF32Codec.encode([tensorEther(vector(), { metadata })], {});
    };
    expect(encode(3).tags).toHaveLength(3);
    expect(() => encode(4)).toThrow(code("ether.ether_invalid"));
  });

  test("numbers wider than float32 are rounded to half precision once", () => {
    const tie = 1 + 2 ** -11 + 2 ** -40;
    const ether = createEther({ kind: "tensor", payload: { data: Float64Array.of(tie) } });
    const { body: bytes } = tensorF16Codec.encode([ether], {});
    expect(numbersOf(decodeTensor(bytes, TensorDType.F16))).toEqual([1 + 2 ** -10]);
  });

  test("an 8-bit tensor is sent as it is, floats are quantised by rows", () => {
    const tensor = quantize([2, 2], Float32Array.of(1, 2, 3, 4), "global");
    const sent = tensorQnt8Codec().encode([tensorEther(tensor)], {}).body;
    expect(sent).toEqual(encodeTensor(tensor));
    const floats = new TensorView("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
    expect(tensorQnt8Codec().encode([tensorEther(floats)], {}).body[2]).toBe(1);
    expect(tensorQnt8Codec("global").encode([tensorEther(floats)], {}).body[2]).toBe(0);
  });
});

describe("§14.9: MIXED_LATENT", () => {
  test("no tensors are a body of one byte", () => {
    const ether = createEther({ kind: "tensor", payload: { data: [] } });
    const { body: bytes } = mixedLatentCodec.encode([ether], {});
    expect([...bytes]).toEqual([0]);
    expect(mixedLatentCodec.decode(bytes, {})[0]?.payload["data"]).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["a count without tensors", "01"],
    ["an unknown subtype", "010800"],
    ["a length beyond the end", "010205"],
    ["a byte too many", "0000"],
  ])("%s is malformed", (_what, hex) => {
    expect(() => mixedLatentCodec.decode(parseHex(hex), {})).toThrow(code("ether.body_malformed"));
  });

  test("a count above 65536 is refused before the loop", () => {
    expect(() => mixedLatentCodec.decode(parseHex("818004"), {})).toThrow(code("ether.too_large"));
  });

  test("a tensor with a byte too many is refused", () => {
    expect(() => mixedLatentCodec.decode(parseHex(`010221${"01".padEnd(66, "0")}`), {})).toThrow(
      code("ether.tensor_size"),
    );
  });
});

function vector(): TensorView {
  return new TensorView("float32", [2], Float32Array.of(1, 2));
}
