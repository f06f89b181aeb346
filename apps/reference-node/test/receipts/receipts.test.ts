import { describe, expect, test } from "@jest/globals";
import { createEther, type Ether, jsonCodec, protobufCodec, textEther } from "@proj/ether-codecs";
import { ManualTime } from "@proj/wire-types";
import { ContentSummary } from "#src/receipts/content-summary.js";
import { parseReceipt, type Receipt, receiptEther } from "#src/receipts/receipt.js";
import { summaryDifferences } from "#src/receipts/summary-difference.js";
import { TransferTable } from "#src/receipts/transfer-table.js";

const receipt: Receipt = {
  sha256: "ab".repeat(32),
  bodyBytes: 7,
  codec: "JSON",
  kind: "table",
  attachments: [{ id: "data", bytes: 3, sha256: "cd".repeat(32), via: "shm" }],
  parts: 2,
  summary: { rows: 3, shape: [1, 2], columns: { delay: { mean: 0.5 } } },
};

function summaryOf(...ethers: readonly Ether[]): Record<string, unknown> {
  const summary = new ContentSummary();
  for (const ether of ethers) summary.add([ether]);
  return summary.result();
}

describe("a receipt", () => {
  test("survives both codecs it may travel in", () => {
    for (const codec of [jsonCodec, protobufCodec]) {
      const { body } = codec.encode([receiptEther(receipt)], {});
      const read = parseReceipt(codec.decode(body, {})[0]);
      expect({ ...read, summary: undefined }).toEqual({ ...receipt, summary: undefined });
      expect(summaryDifferences(receipt.summary ?? {}, read.summary ?? {}, 0)).toEqual([]);
    }
  });

  test.each([
    [undefined],
    [textEther("no receipt")],
    [createEther({ kind: "receipt", payload: { sha256: 5 } })],
    [createEther({ kind: "receipt", payload: { ...receiptEther(receipt).payload, parts: -1 } })],
    [
      createEther({
        kind: "receipt",
        payload: { ...receiptEther(receipt).payload, attachments: [1] },
      }),
    ],
  ])("is not made of something else: %#", (ether) => {
    expect(() => parseReceipt(ether)).toThrow(
      expect.objectContaining({ code: "xcp.body_malformed" }),
    );
  });
});

describe("differences", () => {
  test("are named by path", () => {
    const sent = { rows: 3, columns: { a: { mean: 1 }, b: { top: [{ text: "x" }] } } };
    const received = { rows: 4, columns: { a: { mean: 1 }, b: { top: [{ text: "y" }] } } };
    expect(summaryDifferences(sent, received, 0)).toEqual([
      "rows: sent 3, arrived 4",
      'columns.b.top[0].text: sent "x", arrived "y"',
    ]);
  });

  test("of a lossy codec are measured by the size of the numbers around", () => {
    const sent = { mean: 0.001, min: -100, max: 100 };
    expect(summaryDifferences(sent, { ...sent, mean: 0.1 }, 0.01)).toEqual([]);
    expect(summaryDifferences(sent, { ...sent, mean: 2 }, 0.01)).toHaveLength(1);
    expect(summaryDifferences(sent, { ...sent, mean: 0.0011 }, 0)).toHaveLength(1);
  });

  test("see what is missing on either side", () => {
    expect(summaryDifferences({ a: 1 }, { b: 1 }, 0)).toHaveLength(2);
  });
});

describe("a summary", () => {
  test("is bounded whatever comes: distinct texts, columns, deep documents", () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `text ${i}`);
    const codes = Uint32Array.from(texts.keys());
    const table = createEther({
      kind: "table",
      payload: { city: codes },
      extraFields: { dictionaries: { city: texts } },
    });
    expect(summaryOf(table)["columns"]).toMatchObject({ city: { more_distinct_than: 4096 } });
    const wide = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`c${i}`, Int16Array.of(1)]),
    );
    const summary = summaryOf(createEther({ kind: "table", payload: wide }));
    expect(Object.keys(summary["columns"] as object)).toHaveLength(256);
    expect(summary["columns_not_summed_up"]).toBe(44);
  });

  test("reads tables whatever their codec made of them", () => {
    const asVectors = createEther({
      kind: "table",
      payload: { a: Int16Array.of(1, 3), t: ["x", "y"] },
    });
    const asLists = createEther({ kind: "table", payload: { a: [1, 3], t: ["x", "y"] } });
    const rows = new ContentSummary();
    rows.add([
      createEther({ kind: "row", payload: { a: 1, t: "x" } }),
      createEther({ kind: "row", payload: { a: 3, t: "y" } }),
    ]);
    expect(summaryOf(asLists)).toEqual(summaryOf(asVectors));
    expect({ ...rows.result(), ethers: 1 }).toEqual(summaryOf(asVectors));
  });

  test("of numbers that are no finite doubles tells their count only", () => {
    const table = createEther({
      kind: "table",
      payload: { a: Float64Array.of(Infinity, Number.NaN) },
    });
    expect(summaryOf(table)["columns"]).toEqual(
      expect.objectContaining({ a: { count: 1, missing: 1 } }),
    );
  });

  test("of parts is that of the whole", () => {
    const part = (text: string): Ether => textEther(text);
    expect(summaryOf(part("a b\n"), part("c\n"))).toEqual({
      ethers: 2,
      characters: 6,
      lines: 2,
      words: 3,
    });
  });
});

describe("transfers", () => {
  const owner = {};

  test("take their parts in order", () => {
    const table = new TransferTable(2, new ManualTime());
    table.open(owner, "a", 0);
    table.took(owner, "a");
    expect(() => table.open(owner, "a", 2)).toThrow("part 2 of a transfer where 1 is next");
    expect(() => table.open(owner, "b", 1)).toThrow("not open");
    expect(() => table.open({}, "a", 1)).toThrow("not open");
  });

  test("have what comes early wait for its turn, three parts at most, each once", async () => {
    const table = new TransferTable(2, new ManualTime());
    const taken: number[] = [];
    const take = (part: number): void => {
      table.open(owner, "a", part);
      taken.push(part);
      table.took(owner, "a");
    };
    const later = [2, 3, 1].map(async (part) => {
      await table.turn(owner, "a", part);
      take(part);
    });
    expect(table.size).toBe(1);
    for (const part of [0, 2, 4]) expect(table.turn(owner, "a", part)).toBeUndefined();
    expect(() => table.open(owner, "a", 4)).toThrow("part 4 of a transfer where 0 is next");
    take(0);
    await Promise.all(later);
    expect(taken).toEqual([0, 1, 2, 3]);
    expect(table.turn(owner, "a", 4)).toBeUndefined();
  });

  test("refuse what came early and waited in vain: the part before it, the transfer or the connection is gone", async () => {
    const time = new ManualTime();
    const table = new TransferTable(2, time);
    const lost = expect(table.turn(owner, "a", 1)).rejects.toThrow(
      "part 1 came, and the one before it did not",
    );
    time.advance(5_000_000);
    await lost;
    expect(table.size).toBe(0);
    const ended = [
      expect(table.turn(owner, "b", 2)).rejects.toMatchObject({ code: "xcp.app" }),
      expect(table.turn(owner, "c", 1)).rejects.toThrow("part 1 of a transfer that ended"),
    ];
    const crowded = expect(table.turn({}, "d", 1)).rejects.toMatchObject({ code: "xcp.busy" });
    table.close(owner, "b");
    table.forget(owner);
    await Promise.all([...ended, crowded]);
    expect(table.size).toBe(0);
  });

  test("are limited in number, and idle ones make room", () => {
    const time = new ManualTime();
    const table = new TransferTable(2, time);
    table.open(owner, "a", 0);
    table.open({}, "a", 0);
    expect(() => table.open(owner, "c", 0)).toThrow(expect.objectContaining({ code: "xcp.busy" }));
    time.advance(61_000_000);
    expect(() => table.open(owner, "c", 0)).not.toThrow();
    expect(table.size).toBe(1);
  });

  test("end with their connection", () => {
    const table = new TransferTable(2, new ManualTime());
    table.open(owner, "a", 0);
    table.open(owner, "b", 0);
    table.forget(owner);
    expect(table.size).toBe(0);
    table.close(owner, "a");
    expect(table.size).toBe(0);
  });
});
