import { expect, test } from "@jest/globals";
import { KeyHash } from "#src/sched/key-hash.js";
import { SlotTable } from "#src/transfer/slot-table.js";
import { Tombstone, Tombstones } from "#src/transfer/tombstones.js";
import { id64 } from "#src/wire/id64.js";
import { RangeList } from "#src/wire/ranges.js";
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

test("§6.1: a slot rests for 1024 frees, and its generation wraps", () => {
  const table = new SlotTable<object>(0, 10, 2 ** 24 - 1);
  const id = id64();
  const slots: number[] = [];
  for (let i = 0; i < 1026; i++) {
    table.insert({}, id);
    slots.push(id.lo);
    table.remove(id);
  }
  expect(slots.indexOf(0, 1)).toBe(1025);
  expect(id).toEqual({ hi: 0, lo: 0 });
});

test("§20: a full table says so", () => {
  const table = new SlotTable<object>(0, 1);
  expect(table.insert({}, id64())).toBe(true);
  expect(table.insert({}, id64())).toBe(false);
});

test("§6: beyond the limit the oldest successful tombstone goes", () => {
  const tombstones = new Tombstones(hash, () => {}, 2);
  tombstones.add(1, stone(10));
  tombstones.add(2, stone(0));
  tombstones.add(3, stone(0));
  expect([1, 2, 3].map((seq) => tombstones.get(seq) !== undefined)).toEqual([true, false, true]);
});

test("§6: where nothing but failures is left, the oldest of them goes", () => {
  const tombstones = new Tombstones(hash, () => {}, 2);
  for (const seq of [1, 2, 3]) tombstones.add(seq, stone(10));
  expect([1, 2, 3].map((seq) => tombstones.get(seq) !== undefined)).toEqual([false, true, true]);
});

test("§9.12: CLOSED forgets below the floor and in its ranges", () => {
  const tombstones = new Tombstones(hash, () => {});
  for (let seq = 0; seq < 20; seq++) {
    tombstones.add(seq, stone(0));
  }
  const ranges = new RangeList();
  ranges.add(2, 4);
  expect(tombstones.close(10, ranges)).toBe(12);
  expect([9, 11, 12, 13, 14].map((seq) => tombstones.get(seq) !== undefined)).toEqual([
    false,
    true,
    false,
    false,
    true,
  ]);
});

function stone(status: number): Tombstone {
  return new Tombstone({ path: 0, announcerId: id64(), pullerId: id64(), status, pulled: true });
}
