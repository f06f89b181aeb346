import { describe, expect, test } from "@jest/globals";
import {
  AttachmentRef,
  createEther,
  decodeEtherProto,
  decodeValue,
  embeddingEther,
  encodeEtherProto,
  encodeValue,
  equalValues,
  protobufCodec,
  textEther,
  type Value,
} from "@proj/ether-codecs";
import { formatHex, TensorView } from "@proj/wire-types";
import { golden, goldenBytes } from "../golden.js";

const values: readonly (readonly [string, string, Value])[] = [
  ["val-null", "", null],
  ["val-false", "", false],
  ["val-true", "", true],
  ["val-int20", "", 20],
  ["val-int-1", "", -1],
  ["val-int2^53-1", "", Number.MAX_SAFE_INTEGER],
  ["val-f64", "0.1", 0.1],
  ["val-f64", "-0", -0],
  ["val-bytes", "", Uint8Array.of(0, 255)],
  ["val-list", "", [1, "a", true]],
  ["val-map", "", { k: null }],
  ["val-string", 'string "hé"', "hé"],
  ["val-string", 'string ""', ""],
  ["val-f32[]", "", Float32Array.of(0.5, -1.25)],
  ["val-u8-bool[]", "", new TensorView("bool", [2], Uint8Array.of(1, 0))],
];

describe("golden values of EtherProto", () => {
  test.each(values)("%s %s", (id, ending, value) => {
    expect(formatHex(encodeValue(value))).toBe(golden(id, ending).hex);
    expect(equalValues(decodeValue(goldenBytes(id, ending)), value)).toBe(true);
  });

  test("val-json is read and never written", () => {
    expect(equalValues(decodeValue(goldenBytes("val-json")), { a: 1 })).toBe(true);
    expect(formatHex(encodeValue({ a: 1 }))).toBe("880161028302");
  });

  test("an attachment reference is its id after 89", () => {
    expect(formatHex(encodeValue(new AttachmentRef("a0")))).toBe("896130");
    expect(decodeValue(encodeValue(new AttachmentRef("a0")))).toEqual(new AttachmentRef("a0"));
  });
});

describe("golden EtherProto messages", () => {
  const embedding = embeddingEther([0.5, -1.25], {
    metadata: { trace_id: "t-1" },
    attachments: [
      {
        id: "a0",
        mediaType: "application/octet-stream",
        shape: [3],
        dtype: "uint8",
        sizeBytes: 3,
        inlineBytes: Uint8Array.of(1, 2, 3),
      },
    ],
  });

  test.each([
    ["pb-ether", embedding],
    ["pb-ether-text", textEther("hello")],
  ])("%s both ways", (id, ether) => {
    expect(formatHex(encodeEtherProto(ether))).toBe(golden(id).hex);
    const decoded = decodeEtherProto(goldenBytes(id));
    expect({
      ...decoded,
      payload: { ...decoded.payload },
      metadata: { ...decoded.metadata },
    }).toEqual({ ...ether, extraFields: decoded.extraFields });
    expect(protobufCodec.decode(goldenBytes(id), {})).toEqual([decoded]);
  });

  test("a list of numbers is float32 only where the schema says so", () => {
    const list = createEther({ kind: "embedding", payload: { values: [0.5, -1.25], dim: 2 } });
    expect(formatHex(encodeEtherProto(list))).toBe(
      formatHex(encodeEtherProto(embeddingEther([0.5, -1.25]))),
    );
    const other = createEther({ kind: "other", payload: { values: [1, 2] } });
    expect(decodeEtherProto(encodeEtherProto(other)).payload["values"]).toEqual(
      Float64Array.of(1, 2),
    );
  });
});
