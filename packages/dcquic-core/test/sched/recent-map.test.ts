import { expect, test } from "@jest/globals";
import { RecentMap } from "#src/sched/recent-map.js";

test("the entry that was added first is forgotten, unless it was renewed", () => {
  const map = new RecentMap<string, number>(3);
  for (const [i, key] of ["a", "b", "c"].entries()) map.set(key, i);
  map.set("a", 10);
  expect([...map.keys()]).toEqual(["a", "b", "c"]);
  map.renew("b", 11);
  map.set("d", 3);
  expect([...map.keys()]).toEqual(["c", "b", "d"]);
  expect([map.get("a"), map.get("b"), map.has("c"), map.size]).toEqual([undefined, 11, true, 3]);
  expect([map.delete("c"), map.delete("c"), map.size]).toEqual([true, false, 2]);
});

test("a map of one remembers the last", () => {
  const map = new RecentMap<number, string>(1);
  map.set(1, "one");
  map.set(2, "two");
  expect([...map.keys()]).toEqual([2]);
});
