import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { ArrowCodec, arrowCodec, createEther, type ValueMap } from "@proj/ether-codecs";
import { readTable, tableBody } from "@proj/ether-codecs/arrow";
import { describeWith, python } from "@proj/peers";
import { TensorView } from "@proj/wire-types";
import { tableFromArrays } from "apache-arrow";
import { goldenBytes } from "../golden.js";

const script = fileURLToPath(new URL("../../test/interop/arrow_peer.py", import.meta.url));

interface Seen {
  readonly metadata: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

describeWith("pyarrow", python("pyarrow"), (interpreter) => {
  const read = (body: Uint8Array): Seen =>
    JSON.parse(execFileSync(interpreter, [script, "read"], { input: body }).toString()) as Seen;
  const write = (...what: readonly string[]): Uint8Array => {
    const output = execFileSync(interpreter, [script, "write", ...what], { maxBuffer: 2 ** 24 });
    return new Uint8Array(output);
  };

  test("reads our row layout: types, nulls, metadata, attachments", () => {
    const payloads: readonly ValueMap[] = [
      {
        text: "hé",
        flag: true,
        bytes: Uint8Array.of(0, 255),
        count: 2 ** 53 - 1,
        ratio: 0.5,
        vector: Float32Array.of(0.5, -1.25),
        ragged: Uint16Array.of(1, 2),
        half: new TensorView("float16", [1], Uint16Array.of(0x3c00)),
        bits: new TensorView("bool", [3], Uint8Array.of(1, 0, 1)),
        matrix: new TensorView("int8", [2, 2], Int8Array.of(1, 2, 3, 4)),
        big: BigUint64Array.of(2n ** 64n - 1n),
        list: [1, { a: null }],
      },
      { text: null, ragged: Uint16Array.of(3) },
    ];
    const ethers = payloads.map((payload, i) =>
      createEther({
        kind: "sample",
        payload,
        metadata: { trace_id: "t", row: i },
        attachments: i === 0 ? [{ id: "a", inlineBytes: Uint8Array.of(7) }] : [],
      }),
    );
    const seen = read(arrowCodec.encode(ethers, {}).body);
    expect(seen.types).toEqual({
      text: "string",
      flag: "bool",
      bytes: "binary",
      count: "int64",
      ratio: "double",
      vector: "fixed_size_list<item: float not null>[2]",
      ragged: "list<item: uint16 not null>",
      half: "fixed_size_list<item: halffloat not null>[1]",
      bits: "fixed_size_list<item: bool not null>[3]",
      matrix: "fixed_size_list<item: fixed_size_list<item: int8 not null>[2] not null>[2]",
      big: "fixed_size_list<item: uint64 not null>[1]",
      list: "string",
      _metadata: "string",
      _att_json: "string",
      _att_bytes: "list<item: binary not null>",
    });
    expect(seen.metadata).toEqual({
      "xcp.layout": "row",
      "xcp.kind": "sample",
      "xcp.schema_version": "1",
      trace_id: "t",
    });
    expect(seen.rows[0]).toMatchObject({
      text: "hé",
      bytes: { hex: "00ff" },
      count: 9007199254740991,
      ratio: "0.5",
      vector: ["0.5", "-1.25"],
      ragged: [1, 2],
      half: ["1.0"],
      bits: [true, false, true],
      matrix: [
        [1, 2],
        [3, 4],
      ],
      list: '[1,{"a":null}]',
      _metadata: '{"row":0}',
      _att_bytes: [{ hex: "07" }],
    });
    expect(seen.rows[1]).toMatchObject({ text: null, vector: null, ragged: [3], _att_bytes: null });
  });

  test("reads our table layout and whole tables", () => {
    const ether = createEther({
      kind: "k",
      payload: {
        t: new TensorView("float64", [2, 1], Float64Array.of(1, 2)),
        names: ["a", null],
        title: "x",
      },
    });
    const seen = read(new ArrowCodec({ layout: "table" }).encode([ether], {}).body);
    expect(seen.rows).toEqual([
      { t: ["1.0"], names: "a" },
      { t: ["2.0"], names: null },
    ]);
    expect(seen.metadata["xcp.scalars"]).toBe('{"title":"x"}');
    const table = tableFromArrays({ n: Int32Array.of(1, 2), city: ["Oslo", "Rome"] });
    expect(read(tableBody(table).body).rows).toEqual([
      { n: 1, city: "Oslo" },
      { n: 2, city: "Rome" },
    ]);
  });

  test("reads the golden vector and our own writing of it alike", () => {
    const bytes = goldenBytes("arrow-embedding-2");
    expect(read(arrowCodec.encode(arrowCodec.decode(bytes, {}), {}).body)).toEqual(read(bytes));
  });

  test.each([["embeddings"], ["embeddings", "legacy"]])(
    "writes rows that we read (%s %s)",
    (...what) => {
      const [first, second] = arrowCodec.decode(write(...what), {});
      expect(first?.kind).toBe("embedding");
      expect({ ...first?.payload }).toEqual({
        values: Float32Array.of(0.5, -1.25),
        dim: 2,
        note: "a",
        city: "Oslo",
        ragged: Uint16Array.of(1, 2),
        half: new TensorView("float16", [1], Uint16Array.of(0x3c00)),
        flags: new TensorView("bool", [2], Uint8Array.of(1, 0)),
        raw: Uint8Array.of(0, 255),
        json: expect.objectContaining({ a: [1] }),
      });
      expect({ ...first?.metadata }).toEqual({ trace_id: "t-1", own: 1 });
      expect(Object.keys(second?.payload ?? {})).toEqual([
        "values",
        "dim",
        "city",
        "ragged",
        "half",
        "flags",
      ]);
      expect({ ...second?.metadata }).toEqual({ trace_id: "t-1" });
    },
  );

  test("writes tables that we read", () => {
    const table = readTable(write("flights"));
    expect(table.numRows).toBe(3);
    expect(table.getChild("origin")?.toJSON()).toEqual(["A", "B", null]);
    expect(table.getChild("point")?.get(1)?.toJSON()).toEqual({ x: 2n });
  });
});
