import { describe, expect, test } from "@jest/globals";
import { ArrowCodec, arrowCodec, createEther, type ValueMap } from "@proj/ether-codecs";
import { TensorView } from "@proj/wire-types";
import { RecordBatchStreamWriter, type Table, tableFromArrays, tableFromIPC } from "apache-arrow";
import { expectSame, payloadOf, roundTrip, samples } from "./ethers.js";

const payload: ValueMap = {
  x: Float64Array.of(1, 2, 3),
  image: new TensorView(
    "float32",
    [3, 2, 2],
    Float32Array.from({ length: 12 }, (_, i) => i),
  ),
  mask: new TensorView("bool", [3], Uint8Array.of(1, 0, 1)),
  names: ["a", null, "c"],
  gaps: [1, null, 0.5],
  blobs: [Uint8Array.of(1), Uint8Array.of(), null],
  title: "scalars",
  count: 3,
  short: [1, 2],
};

describe("§14.7: table layout", () => {
  test("vectors, tensors and lists of one length are columns, the rest are scalars", () => {
    const [ether] = samples([payload]);
    const { body } = arrowCodec.encode(ether === undefined ? [] : [ether], {});
    const table = tableFromIPC(body);
    expect(table.schema.metadata.get("xcp.layout")).toBe("table");
    expect(table.schema.metadata.get("xcp.scalars")).toBe(
      '{"count":3,"short":[1,2],"title":"scalars"}',
    );
    expect(table.schema.fields.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      "x: Float64",
      "image: FixedSizeList[2]<FixedSizeList[2]<Float32>>",
      "mask: Bool",
      "names: Utf8",
      "gaps: Float64",
      "blobs: Binary",
    ]);
    const [found] = arrowCodec.decode(body, {});
    expect({ ...found?.payload }).toEqual({ ...payload });
    expect((payloadOf(found)["x"] as Float64Array).buffer).toBe(body.buffer);
    expect((payloadOf(found)["image"] as TensorView).data.buffer).toBe(body.buffer);
  });

  test("attachments, metadata and extra fields go into the schema", () => {
    const ethers = [
      createEther({
        kind: "k",
        payload: { x: Float32Array.of(1), y: Int32Array.of(1) },
        metadata: { trace_id: "t", a: [1] },
        extraFields: { b: { c: null } },
        attachments: [{ id: "a", inlineBytes: Uint8Array.of(1, 2) }],
      }),
    ];
    const codec = new ArrowCodec({ layout: "table" });
    const { metadata } = tableFromIPC(codec.encode(ethers, {}).body).schema;
    expect(metadata.get("xcp.attachments")).toBe('[{"id":"a","inline_bytes":"AQI="}]');
    expectSame(roundTrip(ethers, codec), ethers);
  });

  test("auto leaves a lone vector and anything binary in a row", () => {
    const layout = (each: ValueMap): string | undefined =>
      tableFromIPC(arrowCodec.encode(samples([each]), {}).body).schema.metadata.get("xcp.layout");
    expect(layout({ values: Float32Array.of(1, 2), dim: 2 })).toBe("row");
    expect(layout({ ids: Uint32Array.of(1), mask: Uint32Array.of(1) })).toBe("table");
    expect(layout({ a: Uint32Array.of(1), b: Uint32Array.of(1, 2) })).toBe("row");
    expect(layout({ t: new TensorView("int8", [1, 1], Int8Array.of(1)) })).toBe("table");
    expect(layout({ a: Uint32Array.of(1), b: Uint32Array.of(1), c: Uint8Array.of(1) })).toBe("row");
  });

  test("forced for what is no table, it refuses", () => {
    const codec = new ArrowCodec({ layout: "table" });
    const invalid = expect.objectContaining({ code: "ether.ether_invalid" });
    expect(() => codec.encode(samples([{ a: 1 }]), {})).toThrow(invalid);
    expect(() => codec.encode(samples([payload, payload]), {})).toThrow(invalid);
  });

  test("no rows and no batches keep types and inner shapes", () => {
    const ethers = samples([
      { v: new Float32Array(0), t: new TensorView("int8", [0, 3], new Int8Array(0)) },
    ]);
    const { body } = arrowCodec.encode(ethers, {});
    const schema = tableFromIPC(body).schema;
    const writer = new RecordBatchStreamWriter();
    writer.reset(undefined, schema);
    const bare = writer.finish().toUint8Array(true);
    for (const each of [body, bare]) {
      const [found] = arrowCodec.decode(each, {});
      expect(found?.payload["v"]).toEqual(new Float32Array(0));
      expect((payloadOf(found)["t"] as TensorView).shape).toEqual([0, 3]);
    }
  });

  test("columns of several batches and dictionaries are joined", () => {
    const part = (from: number): Table =>
      tableFromArrays({
        n: Int32Array.of(from, from + 1),
        city: [`c${from % 2}`, "same"],
      });
    const whole = part(0).concat(part(2));
    whole.schema.metadata.set("xcp.layout", "table");
    whole.schema.metadata.set("xcp.kind", "table");
    whole.schema.metadata.set("xcp.schema_version", "1");
    const body = RecordBatchStreamWriter.writeAll(whole).toUint8Array(true);
    const [found] = arrowCodec.decode(body, {});
    expect({ ...found?.payload }).toEqual({
      n: Int32Array.of(0, 1, 2, 3),
      city: ["c0", "same", "c0", "same"],
    });
  });
});
