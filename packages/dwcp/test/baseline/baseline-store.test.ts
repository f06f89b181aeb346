import { describe, expect, test } from "@jest/globals";
import { type Baseline, type BaselineLimits, BaselineStore, memorySource } from "@proj/dwcp";
import { ManualTime } from "@proj/wire-types";

class Fixture {
  readonly time = new ManualTime();
  readonly removed: string[] = [];
  readonly store: BaselineStore;

  constructor(limits?: Partial<BaselineLimits>) {
    this.store = new BaselineStore(this.time, limits, ({ id }) => this.removed.push(id));
  }

  add(id: string, bytes: number, chosen: Partial<{ key: string; baseId: string }> = {}): Baseline {
    const source = memorySource(new Uint8Array(bytes));
    this.time.advance(1_000);
    return this.store.add({ id, key: "k", generation: 1, place: "memory", source, ...chosen });
  }
}

describe("B12: what is kept", () => {
  test("prunes what was used longest ago, until the budget holds", () => {
    const fixture = new Fixture({ baselineMemoryBytes: 250 });
    fixture.add("a", 100);
    fixture.add("b", 100);
    fixture.time.advance(1);
    fixture.store.get("a");
    fixture.add("c", 100);
    expect(fixture.removed).toEqual(["b"]);
    expect(fixture.store.bytesIn("memory")).toBe(200);
  });

  test("memory and disk have budgets of their own", () => {
    const fixture = new Fixture({ baselineMemoryBytes: 100, baselineDiskBytes: 100 });
    fixture.add("a", 100);
    const source = memorySource(new Uint8Array(100));
    fixture.store.add({ id: "b", key: "k", generation: 1, place: "disk", source });
    expect(fixture.removed).toEqual([]);
    fixture.store.add({ id: "c", key: "k", generation: 2, place: "disk", source });
    expect(fixture.removed).toEqual(["b"]);
  });

  test("counts them too", () => {
    const fixture = new Fixture({ maxBaselines: 2 });
    for (const id of ["a", "b", "c"]) fixture.add(id, 1);
    expect(fixture.removed).toEqual(["a"]);
  });

  test("never prunes or drops what is pinned, until it is released", () => {
    const fixture = new Fixture({ baselineMemoryBytes: 100 });
    fixture.add("a", 100);
    const pin = fixture.store.pin("a");
    const other = fixture.store.pin("a");
    fixture.add("b", 100);
    expect(fixture.removed).toEqual(["b"]);
    expect(fixture.store.drop("a")).toBe(false);
    pin?.release();
    pin?.release();
    expect(fixture.store.drop("a")).toBe(false);
    other?.release();
    expect(fixture.store.drop("a")).toBe(true);
    expect(fixture.store.pin("a")).toBeUndefined();
  });

  test("prunes by age, however little it is", () => {
    const fixture = new Fixture({ maxBaselineAgeMs: 1_000 });
    fixture.add("a", 1);
    fixture.time.advance(2_000_000);
    expect(fixture.store.prune().map(({ id }) => id)).toEqual(["a"]);
    expect(fixture.store.size).toBe(0);
  });

  test("one that is known keeps its place", () => {
    const fixture = new Fixture();
    const first = fixture.add("a", 10);
    expect(fixture.add("a", 10)).toBe(first);
    expect(fixture.store.size).toBe(1);
  });
});

describe("B12: what the next state is sent against", () => {
  test("is what this peer committed last, of this key", () => {
    const fixture = new Fixture();
    fixture.add("a", 10);
    fixture.store.remember("north", "k", "a");
    expect(fixture.store.usableFor("north", "k")?.id).toBe("a");
    expect(fixture.store.usableFor("north", "other")).toBeUndefined();
    expect(fixture.store.usableFor("south", "k")).toBeUndefined();
    fixture.store.drop("a");
    expect(fixture.store.usableFor("north", "k")).toBeUndefined();
  });

  test("is nothing when the chain is at its limit", () => {
    const fixture = new Fixture({ maxDeltaChain: 2 });
    const chain = ["a", "b", "c"].map((id, at, ids) => {
      const baseId = ids[at - 1];
      fixture.add(id, 10, baseId === undefined ? {} : { baseId });
      fixture.store.remember("north", "k", id);
      return [fixture.store.get(id)?.chainLength, fixture.store.usableFor("north", "k")?.id];
    });
    expect(chain).toEqual([
      [1, "a"],
      [2, "b"],
      [3, undefined],
    ]);
  });

  test("is nothing when the chain began too long ago", () => {
    const fixture = new Fixture({ baselineIntervalMs: 1_000 });
    fixture.add("a", 10);
    fixture.time.advance(600_000);
    fixture.add("b", 10, { baseId: "a" });
    fixture.store.remember("north", "k", "b");
    expect(fixture.store.usableFor("north", "k")?.id).toBe("b");
    fixture.time.advance(500_000);
    expect(fixture.store.usableFor("north", "k")).toBeUndefined();
  });
});

test("B12: a query is answered id by id", () => {
  const fixture = new Fixture();
  fixture.add("a", 10);
  expect(fixture.store.query(["a", "b"])).toEqual({ present: ["a"], missing: ["b"] });
  expect(fixture.store.list()[0]).toMatchObject({ id: "a", pins: 0, length: 10 });
});
