import { describe, expect, jest, test } from "@jest/globals";
import { KeyHash } from "#src/sched/key-hash.js";
import { SlotTable } from "#src/transfer/slot-table.js";
import { Tombstone, Tombstones } from "#src/transfer/tombstones.js";
import { id64 } from "#src/wire/id64.js";
import { SeededRandom } from "@proj/wire-types";

const hash = new KeyHash(new SeededRandom(1));

test("§6.1: an id finds its object, under its worker and generation only", () => {
  const table = new SlotTable<{ name: string }>(5, 10, 2 ** 24 - 1);
  const id = id64();
  table.insert({ name: "a" }, id);
  expect(id).toEqual({ hi: 0x05ffffff, lo: 0 });
  expect(table.get(id)?.name).toBe("a");
  for (const wrong of [id64(0x04ffffff, 0), id64(0x05fffffe, 0), id64(0x05ffffff, 1)]) {
    expect(table.get(wrong)).toBeUndefined();
  }
  expect(table.remove(id)).toBe(true);
  expect(table.remove(id)).toBe(false);
  expect(table.get(id)).toBeUndefined();
});

test("§6.1, §17.3: a slot rests for 1024 frees, and its generation wraps without making the id that stands for none", () => {
  const table = new SlotTable<object>(0, 10, 2 ** 24 - 1);
  const id = id64();
  const slots: number[] = [];
  for (let i = 0; i < 1026; i++) {
    table.insert({}, id);
    slots.push(id.lo);
    table.remove(id);
  }
  expect(slots.indexOf(0, 1)).toBe(1025);
  expect(id).toEqual({ hi: 1, lo: 0 });
});

test("§20: a full table says so", () => {
  const table = new SlotTable<object>(0, 1);
  expect(table.insert({}, id64())).toBe(true);
  expect(table.insert({}, id64())).toBe(false);
});

test("§6: beyond the limit the oldest successful tombstone goes", () => {
  const tombstones = new Tombstones(hash, () => {}, 0, 2);
  tombstones.add(1, stone(10));
  tombstones.add(2, stone(0));
  tombstones.add(3, stone(0));
  expect([1, 2, 3].map((seq) => tombstones.get(seq) !== undefined)).toEqual([true, false, true]);
});

test("§6: where nothing but failures is left, the oldest of them goes", () => {
  const tombstones = new Tombstones(hash, () => {}, 0, 2);
  for (const seq of [1, 2, 3]) tombstones.add(seq, stone(10));
  expect([1, 2, 3].map((seq) => tombstones.get(seq) !== undefined)).toEqual([false, true, true]);
});

describe("§9.12: CLOSED", () => {
  test("forgets what it names, and tells of each number once", () => {
    const tombstones = new Tombstones(hash, () => {});
    for (let seq = 0; seq < 20; seq++) tombstones.add(seq, stone(seq % 3));
    const told: number[][] = [];
    const close = (start: number, end: number): void =>
      tombstones.close(start, end, (...first) => told.push(first));
    close(12, 14);
    close(0, 10);
    close(0, 15);
    close(3, 15);
    expect(told).toEqual([
      [12, 14],
      [0, 10],
      [10, 12],
      [14, 15],
    ]);
    const kept = Array.from({ length: 20 }, (_, seq) => seq).filter(
      (seq) => tombstones.get(seq) !== undefined,
    );
    expect(kept).toEqual([15, 16, 17, 18, 19]);
    expect(tombstones.size).toBe(5);
  });

  test("holds for what finishes later, and for what was before the first number", () => {
    const forgotten: Tombstone[] = [];
    const tombstones = new Tombstones(hash, (each) => forgotten.push(each), 2 ** 40);
    const told: number[][] = [];
    tombstones.close(0, 2 ** 40 + 2, (...first) => told.push(first));
    expect(told).toEqual([[2 ** 40, 2 ** 40 + 2]]);
    const late = stone(0);
    tombstones.add(2 ** 40 + 1, late);
    expect(forgotten).toEqual([late]);
    expect(tombstones.size).toBe(0);
  });

  test("costs nothing where it names what was closed before, or what nobody has to remember", () => {
    const looked = jest.spyOn(hash, "of");
    const visited = { count: 0 };
    const tombstones = new Tombstones(hash, () => {});
    const count = 20_000;
    for (let seq = 0; seq < count; seq++) {
      const each = stone(0);
      tombstones.add(2 * seq + 1, each);
      const kept = each.notifySeq;
      Object.defineProperty(each, "notifySeq", {
        get: () => {
          visited.count += 1;
          return kept;
        },
      });
    }
    looked.mockClear();
    const repeated = 5000;
    for (let i = 0; i < repeated; i++) {
      // Between those that are kept, one new number each time, and all of the old ones.
      tombstones.close(2 * i, 2 * i + 1, () => {});
      tombstones.close(0, 1, () => {});
    }
    expect(tombstones.size).toBe(count);
    expect(visited.count).toBe(0);
    expect(looked.mock.calls.length).toBeLessThanOrEqual(repeated);
    looked.mockRestore();
  });
});

function stone(status: number): Tombstone {
  return new Tombstone(0, id64(), id64(), status, true);
}
