import { describe, expect, test } from "@jest/globals";
import { arrowCodec, createEther, resolveEtherLimits } from "@proj/ether-codecs";
import { readTable, tableBody } from "@proj/ether-codecs/arrow";
import { Table, vectorFromArray } from "apache-arrow";
import type { ArrowField, ArrowType } from "#src/arrow/arrow-type.js";
import type { ColumnDraft } from "#src/arrow/column-draft.js";
import { StreamWriter } from "#src/arrow/stream-writer.js";
import { samples } from "./ethers.js";

const metadata = new Map([
  ["xcp.layout", "row"],
  ["xcp.kind", "k"],
  ["xcp.schema_version", "1"],
]);

interface Hostile {
  readonly rows: number;
  readonly field: ArrowField;
  readonly nodes: readonly number[];
  readonly buffers: readonly Uint8Array[];
}

// Writes a batch that claims what it is told to claim.
function stream(column: Hostile, layout = "row"): Uint8Array {
  const draft: ColumnDraft = {
    field: column.field,
    nodes: column.nodes,
    buffers: column.buffers.map((buffer) => buffer.length),
    write: (into, at, from) => {
      for (const [i, buffer] of column.buffers.entries()) into.set(buffer, at[from + i] ?? 0);
    },
  };
  const pairs = new Map(metadata).set("xcp.layout", layout);
  return new StreamWriter().write([draft], column.rows, pairs, 2 ** 30);
}

function nullable(type: ArrowType, children: readonly ArrowField[] = []): ArrowField {
  return { name: "x", type, nullable: true, children, metadata: new Map() };
}

const none = new Uint8Array(0);
const int = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);
const utf8 = nullable({ kind: "utf8" });
const items = nullable({ kind: "float", bits: 32 });
const emptyLists = nullable({ kind: "fixedList", size: 0 }, [items]);
const emptyTexts = nullable({ kind: "fixedList", size: 0 }, [utf8]);

const malformed: readonly (readonly [string, Hostile])[] = [
  [
    "offsets that go backwards",
    { rows: 2, field: utf8, nodes: [2, 0], buffers: [none, int(0, 4, 2), new Uint8Array(8)] },
  ],
  [
    "a negative first offset",
    { rows: 1, field: utf8, nodes: [1, 0], buffers: [none, int(-4, 0), none] },
  ],
  [
    "offsets beyond the data",
    { rows: 1, field: utf8, nodes: [1, 0], buffers: [none, int(0, 9), new Uint8Array(8)] },
  ],
  ["too few offsets", { rows: 9, field: utf8, nodes: [9, 0], buffers: [none, int(0, 0), none] }],
  [
    "a bitmap that is too short",
    { rows: 99, field: items, nodes: [99, 1], buffers: [new Uint8Array(8), new Uint8Array(400)] },
  ],
  [
    "data that are too short",
    { rows: 2 ** 20, field: items, nodes: [2 ** 20, 0], buffers: [none, new Uint8Array(8)] },
  ],
  [
    "more nulls than slots",
    { rows: 1, field: items, nodes: [1, 2], buffers: [new Uint8Array(8), new Uint8Array(8)] },
  ],
  [
    "a column shorter than its batch",
    { rows: 2, field: items, nodes: [1, 0], buffers: [none, new Uint8Array(8)] },
  ],
  ["a column without buffers", { rows: 0, field: items, nodes: [0, 0], buffers: [] }],
  ["a buffer too many", { rows: 0, field: items, nodes: [0, 0], buffers: [none, none, none] }],
  ["a node too many", { rows: 0, field: items, nodes: [0, 0, 0, 0], buffers: [none, none] }],
  [
    "a fixed-size list without its items",
    {
      rows: 2 ** 20,
      field: nullable({ kind: "fixedList", size: 2 ** 31 - 1 }, [items]),
      nodes: [2 ** 20, 0, 4, 0],
      buffers: [none, none, new Uint8Array(16)],
    },
  ],
  [
    "text that is not UTF-8",
    { rows: 1, field: utf8, nodes: [1, 0], buffers: [none, int(0, 1), Uint8Array.of(0xff)] },
  ],
];

const tooLarge: readonly (readonly [string, Hostile, string])[] = [
  [
    "a billion empty lists",
    { rows: 2 ** 30, field: emptyLists, nodes: [2 ** 30, 0, 0, 0], buffers: [none, none, none] },
    "row",
  ],
  [
    "a list of a billion empty lists",
    {
      rows: 1,
      field: nullable({ kind: "list" }, [emptyTexts]),
      nodes: [1, 0, 2 ** 30, 0, 0, 0],
      buffers: [none, int(0, 2 ** 30), none, none, none, none],
    },
    "row",
  ],
  [
    "a table of a billion empty lists",
    {
      rows: 2 ** 30,
      field: emptyTexts,
      nodes: [2 ** 30, 0, 0, 0],
      buffers: [none, none, none, none],
    },
    "table",
  ],
];

describe("hostile Arrow bodies", () => {
  test.each(malformed)("%s: ERR_BODY_MALFORMED", (_, column) => {
    const bytes = stream(column);
    const error = expect.objectContaining({ code: "ether.body_malformed" });
    expect(() => arrowCodec.decode(bytes, {})).toThrow(error);
  });

  test.each(tooLarge)("%s: ERR_MESSAGE_TOO_LARGE without the memory", (_, column, layout) => {
    const bytes = stream(column, layout);
    const before = process.memoryUsage().rss;
    const error = expect.objectContaining({ code: "ether.too_large" });
    expect(() => arrowCodec.decode(bytes, {})).toThrow(error);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });

  test("rows beyond the limit are refused before a column is looked at", () => {
    const bytes = stream({
      rows: 2 ** 40,
      field: items,
      nodes: [2 ** 40, 0],
      buffers: [none, none],
    });
    const error = expect.objectContaining({ code: "ether.too_large" });
    expect(() => arrowCodec.decode(bytes, {})).toThrow(error);
    expect(() => readTable(bytes)).toThrow(error);
  });

  test("buffers that overlap do not multiply: a text that a thousand columns name", () => {
    const bytes = stream({
      rows: 1,
      field: utf8,
      nodes: [1, 0],
      buffers: [none, int(0, 64), new Uint8Array(64)],
    });
    // The offsets buffer is told to begin where the text does: the sum of both passes the body.
    const view = new DataView(bytes.buffer);
    const body = bytes.length - 8 - 72;
    for (let at = 0; at + 16 <= body; at += 8) {
      if (view.getBigInt64(at, true) === 0n && view.getBigInt64(at + 8, true) === 8n) {
        view.setBigInt64(at + 8, 72n, true);
      }
    }
    expect(() => arrowCodec.decode(bytes, {})).toThrow(/overlap/);
  });

  test("values inside JSON cells and merged metadata are counted over all rows", () => {
    const limits = resolveEtherLimits({ maxValues: 1000 });
    const error = expect.objectContaining({ code: "ether.too_large" });
    const many = Array.from({ length: 30 }, () => []);
    const cells = samples(Array.from({ length: 40 }, () => ({ list: many })));
    const decode = (ethers: typeof cells): unknown =>
      arrowCodec.decode(arrowCodec.encode(ethers, {}).body, { limits });
    expect(() => decode(cells)).toThrow(error);
    const shared = Object.fromEntries(many.map((_, i) => [`k${i}`, i]));
    const rows = Array.from({ length: 40 }, (_, own) =>
      createEther({ kind: "k", payload: { a: 1 }, metadata: { ...shared, own } }),
    );
    expect(() => decode(rows)).toThrow(error);
    expect(decode(rows.slice(0, 20))).toHaveLength(20);
  });

  test("an entry of a dictionary is read once for all batches and columns", () => {
    const city = vectorFromArray(["x".repeat(1000)]);
    const part = new Table({ a: city, b: city });
    const { body } = tableBody(part.concat(part));
    const [ether] = arrowCodec.decode(body, {});
    expect(ether?.payload["a"]).toEqual(["x".repeat(1000), "x".repeat(1000)]);
  });

  test("fields that share their children do not multiply", () => {
    // The same shape with few levels is read, and refused for its repeated names.
    expect(() => arrowCodec.decode(braidedSchema(3), {})).toThrow(/two columns/);
    const started = process.cpuUsage();
    expect(() => arrowCodec.decode(braidedSchema(40), {})).toThrow(/too often|too many/);
    expect(() => readTable(braidedSchema(40))).toThrow(/too often|too many/);
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });

  test("every single byte of the metadata may be wrong", () => {
    const { body } = arrowCodec.encode(samples([{ a: "text", v: Float32Array.of(1) }]), {});
    const end = body.length - 8;
    for (let at = 0; at < end; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const broken = body.slice();
        broken[at] = (broken[at] ?? 0) ^ flip;
        expect({ at, flip, verdict: verdict(() => arrowCodec.decode(broken, {})) }).toMatchObject({
          verdict: expect.stringMatching(/^(decoded|ether\.)/),
        });
        expect(verdict(() => readTable(broken).toArray())).toMatch(/^(decoded|ether\.)/);
      }
    }
  });
});

// A schema of `depth` levels whose fields name the next level twice: 2^depth fields for a reader that follows all.
function braidedSchema(depth: number): Uint8Array {
  const words: number[] = [0xffff_ffff, 0];
  const here = (): number => 4 * words.length - 8;
  const table = (slots: readonly number[]): number => {
    const bytes = 4 + 2 * slots.length;
    const shorts = [bytes, 4 + 4 * Math.max(0, ...slots), ...slots.map((slot) => 4 * slot)];
    if (shorts.length % 2 === 1) shorts.push(0);
    for (let i = 0; i < shorts.length; i += 2) {
      words.push((shorts[i] ?? 0) | ((shorts[i + 1] ?? 0) << 16));
    }
    const at = here();
    words.push(2 * shorts.length, ...Array.from({ length: Math.max(0, ...slots) }, () => 0));
    return at;
  };
  const link = (at: number, target: number): void => {
    words[at / 4 + 2] = target - at;
  };
  words.push(0);
  const message = table([1, 2, 3]);
  link(0, message);
  words[message / 4 + 3] = 4;
  words[message / 4 + 4] = 1;
  const schema = table([0, 1]);
  link(message + 12, schema);
  let sources = [schema + 4];
  for (let level = 0; level < depth; level++) {
    const vector = here();
    words.push(2, 0, 0);
    for (const source of sources) link(source, vector);
    // name, nullable, type_type (13 = Struct), type, dictionary, children
    const field = table([0, 0, 1, 0, 0, 2]);
    words[field / 4 + 3] = 13;
    link(vector + 4, field);
    link(vector + 8, field);
    sources = [field + 8];
  }
  const vector = here();
  words.push(0);
  for (const source of sources) link(source, vector);
  words[1] = 4 * words.length - 8;
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function verdict(run: () => unknown): string {
  try {
    run();
    return "decoded";
  } catch (error) {
    const { code } = error as { code?: string };
    return code ?? String(error);
  }
}
