import { describe, expect, test } from "@jest/globals";
import { arrowCodec, resolveEtherLimits, SchemaRegistry } from "@proj/ether-codecs";
import { concatBytes, fnv1a32 } from "@proj/wire-types";
import {
  CompressionType,
  compressionRegistry,
  Float64,
  makeBuilder,
  Table,
  tableFromArrays,
  tableToIPC,
} from "apache-arrow";
import { expectSame, samples } from "./ethers.js";

const ethers = samples([
  { text: "a", v: Float64Array.of(1, 2) },
  { text: "bc", v: Float64Array.of(3, 4) },
]);
const { body } = arrowCodec.encode(ethers, {});
const endMarker = body.length - 8;

// The messages of a stream without their framing: metadata with its padding, then the body.
function messages(stream: Uint8Array): readonly (readonly [Uint8Array, Uint8Array])[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  const schemaEnd = 8 + view.getInt32(4, true);
  const bodyAt = schemaEnd + 8 + view.getInt32(schemaEnd + 4, true);
  const end = stream.length - 8;
  return [
    [stream.subarray(8, schemaEnd), new Uint8Array(0)],
    [stream.subarray(schemaEnd + 8, bodyAt), stream.subarray(bodyAt, end)],
  ];
}

function before015(stream: Uint8Array): Uint8Array {
  const parts = messages(stream).flatMap(([metadata, data]) => {
    // Without the marker 4 more bytes of padding keep the body 8-aligned.
    const length = new Uint8Array(Uint32Array.of(metadata.length + 4).buffer);
    return [length, metadata, new Uint8Array(4), data];
  });
  return concatBytes([...parts, new Uint8Array(4)]);
}

const malformed = expect.objectContaining({ code: "ether.body_malformed" });

describe("§14.7: framing", () => {
  test("we write continuation markers, 8-aligned bodies and the end marker", () => {
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    expect(view.getUint32(0, true)).toBe(0xffff_ffff);
    expect([...body.subarray(endMarker)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
    expect(messages(body).map(([metadata]) => metadata.length % 8)).toEqual([0, 0]);
  });

  test("the framing before Arrow 0.15 is read", () => {
    expectSame(arrowCodec.decode(before015(body), {}), ethers);
  });

  test("the end marker may be missing", () => {
    expectSame(arrowCodec.decode(body.slice(0, endMarker), {}), ethers);
  });

  test("nothing may follow the end marker", () => {
    expect(() => arrowCodec.decode(concatBytes([body, Uint8Array.of(0)]), {})).toThrow(malformed);
  });

  test("every truncation but that of the end marker is malformed", () => {
    for (let length = 0; length < body.length; length++) {
      if (length === endMarker) continue;
      const schemaOnly = length === body.length - endMarker;
      const cut = body.slice(0, length);
      if (isWholeMessage(length)) continue;
      expect({ length, schemaOnly, threw: refuses(cut) }).toMatchObject({ threw: true });
    }
  });

  test("a stream of a schema alone holds no Ethers", () => {
    const [schema] = messages(body);
    expect(arrowCodec.decode(body.slice(0, 8 + (schema?.[0].length ?? 0)), {})).toEqual([]);
  });

  test("several record batches are read in order", () => {
    const [, rows] = messages(body);
    const batch = body.subarray(8 + (messages(body)[0]?.[0].length ?? 0), endMarker);
    expect(rows).toBeDefined();
    const twice = concatBytes([body.subarray(0, endMarker), batch, body.subarray(endMarker)]);
    expectSame(arrowCodec.decode(twice, {}), [...ethers, ...ethers]);
    const limits = resolveEtherLimits({ maxArrowBatches: 1 });
    expect(() => arrowCodec.decode(twice, { limits })).toThrow(
      expect.objectContaining({ code: "ether.too_large" }),
    );
  });

  test("compression inside Arrow is refused", () => {
    const magic = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0);
    compressionRegistry.set(CompressionType.ZSTD, {
      encode: (data: Uint8Array) => concatBytes([magic, data]),
    });
    const table = withLayout(tableFromArrays({ x: Float64Array.of(1, 2) }), "table");
    const compressed = tableToIPC(table, "stream", CompressionType.ZSTD);
    expect(() => arrowCodec.decode(compressed, {})).toThrow(malformed);
  });

  test("two columns of one name are refused", () => {
    const twice = samples([{ ab: 1, ac: 2 }]);
    const bytes = arrowCodec.encode(twice, {}).body;
    const at = Buffer.from(bytes).indexOf("ac");
    bytes[at + 1] = 0x62;
    expect(() => arrowCodec.decode(bytes, {})).toThrow(malformed);
  });

  test("layout, kind and version must be there", () => {
    const bare = tableToIPC(tableFromArrays({ x: Float64Array.of(1) }), "stream");
    expect(() => arrowCodec.decode(bare, {})).toThrow(malformed);
    const table = withLayout(tableFromArrays({ x: Float64Array.of(1) }), "table");
    table.schema.metadata.set("xcp.schema_version", "0");
    expect(() => arrowCodec.decode(tableToIPC(table, "stream"), {})).toThrow(
      expect.objectContaining({ code: "ether.ether_invalid" }),
    );
  });

  test("a Float64 column with nulls is a list in a table", () => {
    const builder = makeBuilder({ type: new Float64(), nullValues: [null] });
    for (const value of [1, null, 0.5]) builder.append(value);
    const table = withLayout(new Table({ x: builder.finish().toVector() }), "table");
    const [found] = arrowCodec.decode(tableToIPC(table, "stream"), {});
    expect(found?.payload["x"]).toEqual([1, null, 0.5]);
  });
});

describe("§14.7: xcp.schema_key and the registered schema", () => {
  const registry = new SchemaRegistry();
  const schema = registry.add({
    namespace: "test",
    kind: "sample",
    major: 1,
    minor: 0,
    document: {
      type: "object",
      properties: { text: { type: "string" }, v: { type: "array" } },
      required: ["text"],
    },
  });

  test("the key is written in hex and decimal and checked against the header", () => {
    const keyed = arrowCodec.encode(ethers, { schemaKey: schema.key });
    expect(keyed.schemaKey).toEqual(schema.key);
    const text = Buffer.from(keyed.body).toString("latin1");
    const hash = schema.name.split("@")[1];
    const hex = (value: number): string => value.toString(16).padStart(8, "0");
    expect(text).toContain(`${hex(fnv1a32("test"))}:${hex(fnv1a32("sample"))}:1.0:${hash}`);
    expect(arrowCodec.decode(keyed.body, { schemaKey: schema.key }).length).toBe(2);
    const mismatch = expect.objectContaining({ code: "ether.kind_mismatch" });
    const other = { ...schema.key, minor: 1 };
    expect(() => arrowCodec.decode(keyed.body, { schemaKey: other })).toThrow(mismatch);
  });

  test("a key of another kind is refused without a header", () => {
    const wrong = { ...schema.key, kindId: 1 };
    const keyed = arrowCodec.encode(ethers, { schemaKey: wrong });
    expect(() => arrowCodec.decode(keyed.body, {})).toThrow(
      expect.objectContaining({ code: "ether.kind_mismatch" }),
    );
  });

  test("required keys must be columns, types must fit: ERR_VALIDATION", () => {
    const unfit = expect.objectContaining({ code: "ether.validation" });
    const context = { schemas: registry };
    expect(arrowCodec.decode(body, context).length).toBe(2);
    const missing = arrowCodec.encode(samples([{ v: Float32Array.of(1) }]), {}).body;
    expect(() => arrowCodec.decode(missing, context)).toThrow(unfit);
    const wrong = arrowCodec.encode(samples([{ text: 1 }]), {}).body;
    expect(() => arrowCodec.decode(wrong, context)).toThrow(unfit);
  });
});

function withLayout(table: Table, layout: string): Table {
  table.schema.metadata.set("xcp.layout", layout);
  table.schema.metadata.set("xcp.kind", "table");
  table.schema.metadata.set("xcp.schema_version", "1");
  return table;
}

function isWholeMessage(length: number): boolean {
  const [schema] = messages(body);
  return length === 8 + (schema?.[0].length ?? 0);
}

function refuses(bytes: Uint8Array): boolean {
  try {
    arrowCodec.decode(bytes, {});
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "ether.body_malformed";
  }
}
