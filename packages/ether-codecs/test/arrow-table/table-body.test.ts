import { describe, expect, test } from "@jest/globals";
import { arrowCodec } from "@proj/ether-codecs";
import { readTable, tableBody } from "@proj/ether-codecs/arrow";
import {
  DateMillisecond,
  Float32,
  List,
  Field,
  Struct,
  Table,
  tableFromArrays,
  Utf8,
  vectorFromArray,
} from "apache-arrow";

const table = new Table({
  city: vectorFromArray(["Oslo", "Rome", null], new Utf8()),
  code: vectorFromArray(["a", "b", "a"]),
  when: vectorFromArray([new Date(0), new Date(86_400_000), null], new DateMillisecond()),
  delay: vectorFromArray([1.5, null, 3], new Float32()),
  count: vectorFromArray(Int32Array.of(1, 2, 3)),
  tags: vectorFromArray([["x"], [], ["y", "z"]], new List(new Field("item", new Utf8(), true))),
});

describe("whole Arrow tables", () => {
  test("survive with every column type and their own metadata", () => {
    table.schema.metadata.set("source", "test");
    const { body, bodyCodec, tags } = tableBody(table, { traceId: "t-1" });
    expect(bodyCodec).toBe(0x20);
    expect(tags).toEqual([]);
    const found = readTable(body);
    expect(found.toString()).toBe(table.toString());
    expect(Object.fromEntries(found.schema.metadata)).toEqual({
      source: "test",
      trace_id: "t-1",
      "xcp.layout": "table",
      "xcp.kind": "table",
      "xcp.schema_version": "1",
    });
    expect(table.schema.metadata.has("xcp.layout")).toBe(false);
  });

  test("column data are views of the body", () => {
    const { body } = tableBody(table);
    const data = readTable(body).getChild("count")?.data[0]?.values as Int32Array;
    expect(data.buffer).toBe(body.buffer);
  });

  test("read as an Ether, columns are vectors and lists", () => {
    const [ether] = arrowCodec.decode(tableBody(table, { kind: "flights" }).body, {});
    expect(ether?.kind).toBe("flights");
    expect({ ...ether?.payload }).toEqual({
      city: ["Oslo", "Rome", null],
      code: ["a", "b", "a"],
      when: [0, 86_400_000, null],
      delay: [1.5, null, 3],
      count: Int32Array.of(1, 2, 3),
      tags: [["x"], [], ["y", "z"]],
    });
  });

  test("a column type that no Ether has is refused there, and read as a table", () => {
    const point = new Struct([new Field("x", new Float32(), true)]);
    const nested = new Table({ p: vectorFromArray([{ x: 1 }, { x: 2 }], point) });
    const { body } = tableBody(nested);
    expect(readTable(body).toString()).toBe(nested.toString());
    expect(() => arrowCodec.decode(body, {})).toThrow(
      expect.objectContaining({ code: "ether.body_malformed" }),
    );
  });

  test("an Ether in the table layout is a table, and no rows are no rows", () => {
    expect(readTable(tableBody(tableFromArrays({ x: new Float32Array(0) })).body).numRows).toBe(0);
  });
});
