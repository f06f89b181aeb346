import { expect, test } from "@jest/globals";
import { type Linked, LinkedSet } from "#src/sched/linked-set.js";

class Item implements Linked<Item> {
  previous: Item | undefined;
  next: Item | undefined;
  home: object | undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const items = (): Item[] => ["a", "b", "c", "d"].map((name) => new Item(name));
const namesIn = (set: LinkedSet<Item>): string => [...set].map(({ name }) => name).join("");

test("items stand in the order in which they were added", () => {
  const set = new LinkedSet<Item>();
  const [a, b, c, d] = items() as [Item, Item, Item, Item];
  for (const item of [a, b, c, d, a]) set.add(item);
  expect([namesIn(set), set.size]).toEqual(["abcd", 4]);
  set.delete(b);
  set.delete(b);
  set.add(b);
  expect([namesIn(set), set.first, set.size]).toEqual(["acdb", a, 4]);
  set.delete(a);
  set.delete(b);
  expect([namesIn(set), set.has(a), set.has(c)]).toEqual(["cd", false, true]);
});

test("the one that is shown may be taken out", () => {
  const set = new LinkedSet<Item>();
  for (const item of items()) set.add(item);
  for (const item of set) set.delete(item);
  expect([set.size, set.first]).toEqual([0, undefined]);
});

test("who is out refers to nobody", () => {
  const set = new LinkedSet<Item>();
  const [a, b, c] = items() as [Item, Item, Item];
  for (const item of [a, b, c]) set.add(item);
  set.delete(b);
  expect([b.previous, b.next, b.home]).toEqual([undefined, undefined, undefined]);
});

test("an item is in one set at a time", () => {
  const [one, other] = [new LinkedSet<Item>(), new LinkedSet<Item>()];
  const item = new Item("a");
  one.add(item);
  expect(() => other.add(item)).toThrow(TypeError);
  other.delete(item);
  expect(one.has(item)).toBe(true);
});
