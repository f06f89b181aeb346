import { describe, expect, test } from "@jest/globals";
import {
  AttachmentRef,
  createEther,
  decodeEtherProto,
  decodeValue,
  encodeEtherProto,
  encodeValue,
  equalValues,
  protobufCodec,
  quantize,
  resolveEtherLimits,
  textEther,
  type Value,
  type ValueMap,
} from "@proj/ether-codecs";
import { concatBytes, encodeUtf8, formatHex, parseHex, TensorView } from "@proj/wire-types";
import { xcp } from "../../test/generated/ether-proto.mjs";

const code = (name: string): object => expect.objectContaining({ code: name });
const value = (hex: string): Value => decodeValue(parseHex(hex));

const everyKind: ValueMap = {
  nothing: null,
  yes: true,
  no: false,
  zero: 0,
  small: -1,
  safe: Number.MIN_SAFE_INTEGER,
  large: 2 ** 60,
  half: 0.5,
  signed: -(2n ** 63n),
  unsigned: 2n ** 64n - 1n,
  text: "hé\u{1f600}",
  empty: "",
  bytes: Uint8Array.of(0x80, 1),
  list: [1, "two", [3, [null]], {}],
  numbers: [1, 2.5, -0],
  nothings: [],
  map: JSON.parse('{"__proto__":1,"constructor":{"prototype":2}}') as ValueMap,
  f32: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0),
  f64: Float64Array.of(0.1),
  f16: new TensorView("float16", [2], Uint16Array.of(0x3c00, 0x7c00)),
  i8: Int8Array.of(-1),
  u8: new TensorView("uint8", [3], Uint8Array.of(1, 2, 3)),
  i16: Int16Array.of(-2),
  u16: Uint16Array.of(3),
  i32: Int32Array.of(-4),
  u32: Uint32Array.of(5),
  i64: BigInt64Array.of(-6n),
  u64: BigUint64Array.of(7n),
  bool: new TensorView("bool", [2], Uint8Array.of(0, 1)),
  matrix: new TensorView("float32", [2, 2], Float32Array.of(1, 2, 3, 4)),
  halves: new TensorView("float16", [1, 2], Uint16Array.of(1, 2)),
  quantized: quantize([2, 2], Float32Array.of(1, 2, 3, 4), "row"),
  reference: new AttachmentRef("a"),
};

describe("§14.2: values", () => {
  test.each(Object.entries(everyKind))("%s survives", (_name, each) => {
    expect(equalValues(decodeValue(encodeValue(each)), each)).toBe(true);
  });

  test("a whole Ether of them survives, fields and all", () => {
    const ether = createEther({
      kind: "k",
      schemaVersion: 65535,
      payload: everyKind,
      metadata: { trace_id: "t" },
      extraFields: { __proto__x: 1 },
      attachments: [
        { id: "a", uri: "shm://ns/name#0,4", codec: "TENSOR_F32", sizeBytes: 4 },
        { id: "b", inlineBytes: new Uint8Array(0) },
        { id: "c", inlineBytes: new Uint8Array(12), dtype: "float32", shape: [3], sizeBytes: 12 },
      ],
    });
    const decoded = decodeEtherProto(encodeEtherProto(ether));
    expect(equalValues(decoded.payload, ether.payload)).toBe(true);
    expect(equalValues(decoded.extraFields, ether.extraFields)).toBe(true);
    expect(decoded.attachments).toEqual(ether.attachments);
    expect(decoded.schemaVersion).toBe(65535);
  });

  test("integers beyond 2^53-1 come back as bigints, within it as numbers", () => {
    expect(decodeValue(encodeValue(2n ** 53n))).toBe(2n ** 53n);
    expect(decodeValue(encodeValue(5n))).toBe(5);
    expect(decodeValue(encodeValue(2 ** 60))).toBe(2 ** 60);
  });

  test("a tensor may be column-major, and stays so", () => {
    const tensor = new TensorView("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6), {
      strides: [1, 2],
    });
    const bytes = encodeValue(tensor);
    expect(bytes[3]).toBe(0x02);
    const decoded = decodeValue(bytes) as TensorView;
    expect(decoded.strides).toEqual([1, 2]);
    expect(equalValues(decoded, tensor)).toBe(true);
  });

  test("a strided tensor is gathered", () => {
    const every = new TensorView("float32", [2, 2], Float32Array.of(1, 0, 2, 0, 3, 0, 4), {
      strides: [4, 2],
    });
    const dense = new TensorView("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
    expect(formatHex(encodeValue(every))).toBe(formatHex(encodeValue(dense)));
  });

  test("bytes and aligned vectors are views, others copies", () => {
    const body = new Uint8Array(32);
    const at = (offset: number): Value => {
      body.set(encodeValue(Float32Array.of(1, 2)), offset);
      return decodeValue(body.subarray(offset, offset + 9));
    };
    expect((at(3) as Float32Array).buffer).toBe(body.buffer);
    expect((at(2) as Float32Array).buffer).not.toBe(body.buffer);
    expect((decodeValue(Uint8Array.of(0x85, 1)) as Uint8Array).byteOffset).toBe(1);
  });

  test("a vector that is not aligned in a Node buffer is copied too", () => {
    const buffer = Buffer.alloc(16);
    buffer.set(encodeValue(Float32Array.of(1, 2)), 1);
    expect(decodeValue(buffer.subarray(1, 10))).toEqual(Float32Array.of(1, 2));
  });

  test("an unknown tag is kept as bytes, the tag included", () => {
    for (const tag of [0x8b, 0x8f, 0x9c, 0x9e, 0xa0, 0xbf]) {
      expect(decodeValue(Uint8Array.of(tag, 1, 2))).toEqual(Uint8Array.of(tag, 1, 2));
    }
  });

  test("JSON text inside a value is decoded with its levels", () => {
    expect(
      equalValues(decodeValue(concatBytes([Uint8Array.of(0x86), encodeUtf8('[{"a":[1]}]')])), [
        { a: [1] },
      ]),
    ).toBe(true);
    const deep = `${"[".repeat(64)}${"]".repeat(64)}`;
    const bytes = concatBytes([Uint8Array.of(0x86), encodeUtf8(deep)]);
    expect(decodeValue(bytes)).toHaveLength(1);
    const listed = concatBytes([Uint8Array.of(0x87, 0x81, 0x01), bytes]);
    expect(() => decodeValue(listed)).toThrow(code("ether.too_large"));
  });

  test.each([
    ["C0 at the start", "c0"],
    ["C1 at the start", "c1ff"],
    ["F5 at the start", "f5"],
    ["FF at the start", "ff"],
    ["text that is not UTF-8", "41ff"],
    ["a surrogate in UTF-8", "eda080"],
    ["bytes after null", "8000"],
    ["bytes after true", "8201"],
    ["an integer without digits", "83"],
    ["an integer that does not end", "8380"],
    ["an integer of eleven bytes", "83ffffffffffffffffffff01"],
    ["an integer above 64 bits", "8affffffffffffffffff03"],
    ["bytes after an integer", "830000"],
    ["a short float", "8400000000000000"],
    ["NaN as a number", "84000000000000f87f"],
    ["a list item beyond the end", "8705"],
    ["a list item of 2^40 bytes", "87808080808020"],
    ["a map that ends after a key", "880161"],
    ["a key that is not UTF-8", "8801ff0180"],
    ["a vector of three bytes", "90000000"],
    ["a bool of 2", "9b02"],
    ["JSON that is none", "867b"],
    ["a reference that is not UTF-8", "89ff"],
  ])("%s is malformed", (_what, hex) => {
    expect(() => value(hex)).toThrow(code("ether.body_malformed"));
  });

  test.each([
    ["without a header", "9f00", "ether.tensor_size"],
    ["of an unknown type", `9f0109${"00".repeat(30)}`, "ether.tensor_header"],
    ["with a byte too many", `9f0102${"00".repeat(31)}`, "ether.tensor_size"],
  ])("a tensor %s is refused", (_what, hex, name) => {
    expect(() => value(hex)).toThrow(code(name));
  });

  test.each<[string, Value]>([
    ["NaN", Number.NaN],
    ["NaN in a list", [1, Number.NaN]],
    ["2^64", 2n ** 64n],
    ["-2^63-1", -(2n ** 63n) - 1n],
    ["a lone surrogate", "a\udc00"],
    ["a lone surrogate as key", { "\ud800": 1 }],
    ["an integer matrix", new TensorView("int32", [1, 1], new Int32Array(1))],
    ["a scalar tensor", new TensorView("float32", [], new Float32Array(1))],
    ["seven dimensions", new TensorView("float32", [1, 1, 1, 1, 1, 1, 1], new Float32Array(1))],
    ["a symbol", Symbol("x") as unknown as Value],
  ])("%s is refused by the encoder", (_what, each) => {
    expect(() => encodeValue(each)).toThrow(code("ether.ether_invalid"));
  });

  test("64 levels pass both ways, 65 fail both ways", () => {
    const nest = (levels: number): Value => {
      let inner: Value = [];
      for (let i = 1; i < levels; i++) inner = [inner];
      return inner;
    };
    const bytes = encodeValue(nest(64));
    expect(equalValues(decodeValue(bytes), nest(64))).toBe(true);
    expect(() => encodeValue(nest(65))).toThrow(code("ether.ether_invalid"));
    const deeper = concatBytes([
      Uint8Array.of(0x87, 0x80 | (bytes.length & 0x7f), bytes.length >> 7),
      bytes,
    ]);
    expect(() => decodeValue(deeper)).toThrow(code("ether.too_large"));
  });

  test("values are counted before they pile up", () => {
    const limits = resolveEtherLimits({ maxValues: 16 });
    const bytes = new Uint8Array(1001);
    bytes[0] = 0x87;
    expect(() => decodeValue(bytes, limits)).toThrow(code("ether.too_large"));
  });
});

describe("§14.2: messages", () => {
  const ether = textEther("hello");
  const body = encodeEtherProto(ether);
  const field = (tag: number, ...bytes: number[]): Uint8Array => Uint8Array.of(tag, ...bytes);

  test("unknown fields of every wire type are skipped and counted", () => {
    const counts: number[] = [];
    const unknown = [
      field(0x38, 0x96, 0x01),
      field(0x41, 1, 2, 3, 4, 5, 6, 7, 8),
      field(0x4a, 2, 9, 9),
      field(0x55, 1, 2, 3, 4),
      field(0x5b, 0x63, 0x08, 0x01, 0x64, 0x5c),
    ];
    const long = concatBytes([...unknown, body]);
    const decoded = protobufCodec.decode(long, { countUnknown: (count) => counts.push(count) });
    expect(decoded[0]?.payload["text"]).toBe("hello");
    expect(counts).toEqual([5]);
  });

  test("fields come in any order, the last of a repeated one wins", () => {
    const swapped = concatBytes([
      field(0x1a, 6, 0x12, 1, 0x62, 0x0a, 1, 0x61),
      field(0x10, 7),
      field(0x10, 1),
      field(0x0a, 1, 0x78),
      field(0x0a, 1, 0x6b),
      field(0x1a, 6, 0x0a, 1, 0x61, 0x12, 1, 0x63),
    ]);
    const decoded = decodeEtherProto(swapped);
    expect(decoded.kind).toBe("k");
    expect(decoded.schemaVersion).toBe(1);
    expect({ ...decoded.payload }).toEqual({ a: "c" });
  });

  test("a map entry without value is the empty string, and shapes may be unpacked", () => {
    const text = concatBytes([
      field(0x0a, 1, 0x6b),
      field(0x10, 1),
      field(0x1a, 3, 0x0a, 1, 0x61),
      field(0x32, 11, 0x0a, 1, 0x78, 0x28, 1, 0x28, 2, 0x42, 2, 0, 0),
    ]);
    const decoded = decodeEtherProto(text);
    expect(decoded.payload["a"]).toBe("");
    expect(decoded.attachments[0]?.shape).toEqual([1, 2]);
  });

  test.each([
    ["an empty body", "", "ether.ether_invalid"],
    ["no version", "0a016b", "ether.ether_invalid"],
    ["version 65536", "0a016b10808004", "ether.ether_invalid"],
    ["a field number of 0", "0000", "ether.body_malformed"],
    ["wire type 6", "0e", "ether.body_malformed"],
    ["wire type 7", "0f", "ether.body_malformed"],
    ["the end of a group that did not begin", "5c", "ether.body_malformed"],
    ["a group that does not end", "5b0801", "ether.body_malformed"],
    ["65 groups", "5b".repeat(66), "ether.body_malformed"],
    ["an entry longer than the body", "1aff01", "ether.body_malformed"],
    ["a value longer than its entry", "1a04120561616161", "ether.body_malformed"],
    ["a kind that is not UTF-8", "0a01ff1001", "ether.body_malformed"],
    [
      "an attachment with two sources",
      "0a016b1001320c0a01611203783a2f4202abcd",
      "ether.attachment_invalid",
    ],
    ["an attachment without id", "0a016b10013203420161", "ether.attachment_invalid"],
  ])("%s is refused", (_what, hex, name) => {
    expect(() => decodeEtherProto(parseHex(hex))).toThrow(code(name));
  });

  test("attachments are counted before they are made", () => {
    const limits = resolveEtherLimits({ maxAttachments: 1 });
    const two = concatBytes([body, parseHex("32030a0161"), parseHex("32030a0162")]);
    expect(() => decodeEtherProto(two, { limits })).toThrow(code("ether.too_large"));
  });

  test("deterministic order is that of UTF-8 bytes", () => {
    const payload = { "\uffff": 1, b: 2, "\u{10000}": 3, a: { y: 1, x: 2 } };
    const bytes = encodeEtherProto(createEther({ kind: "k", payload }), { deterministic: true });
    const decoded = decodeEtherProto(bytes);
    expect(Object.keys(decoded.payload)).toEqual(["a", "b", "\uffff", "\u{10000}"]);
    expect(Object.keys(decoded.payload["a"] as ValueMap)).toEqual(["x", "y"]);
  });

  test("a body holds one Ether", () => {
    expect(() => protobufCodec.encode([], {})).toThrow(code("ether.ether_invalid"));
    expect(() => protobufCodec.encode([ether, ether], {})).toThrow(code("ether.ether_invalid"));
  });
});

describe("protobufjs agrees", () => {
  const ether = createEther({
    kind: "embedding",
    payload: { values: Float32Array.of(1, 2), dim: 2, note: "ü" },
    metadata: { trace_id: "t-1" },
    extraFields: { x: null },
    attachments: [
      {
        id: "a",
        inlineBytes: Uint8Array.of(1, 2, 3, 4),
        mediaType: "m",
        codec: "c",
        dtype: "float32",
        shape: [1],
        sizeBytes: 4,
      },
    ],
  });

  test("it reads what we write, and writes what we write", () => {
    const body = encodeEtherProto(ether);
    const message = xcp.EtherProto.decode(body);
    expect(message.kind).toBe("embedding");
    expect(message.schemaVersion).toBe(1);
    expect(Object.keys(message.payload)).toEqual(["values", "dim", "note"]);
    expect(formatHex(message.payload["values"] ?? new Uint8Array())).toBe("900000803f00000040");
    expect(message.attachments[0]).toMatchObject({ id: "a", shape: [1] });
    expect(Number(message.attachments[0]?.sizeBytes)).toBe(4);
    expect(formatHex(xcp.EtherProto.encode(message).finish())).toBe(formatHex(body));
  });

  test("we read what it writes", () => {
    const message = {
      kind: "k",
      schemaVersion: 3,
      payload: { a: encodeUtf8("text"), b: Uint8Array.of(0x83, 2) },
      attachments: [{ id: "i", uri: "shm://a/b", shape: [5, 300], sizeBytes: 2 ** 40 }],
    };
    const decoded = decodeEtherProto(xcp.EtherProto.encode(message).finish());
    expect({ ...decoded.payload }).toEqual({ a: "text", b: 1 });
    expect(decoded.attachments).toEqual([
      { id: "i", uri: "shm://a/b", shape: [5, 300], sizeBytes: 2 ** 40 },
    ]);
  });
});
