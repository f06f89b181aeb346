import { expect, test } from "@jest/globals";
import { CounterMirror, flattenCounters } from "@proj/tensor-pool";

test("§24: every count has a counter of its own name, which follows it", async () => {
  const counters = { received: 1, drops: { late: 0, gap: 2 } };
  const shown = new Map<string, bigint>();
  const closed: string[] = [];
  const mirror = new CounterMirror(
    "consumer 7",
    () => counters,
    (label) =>
      Promise.resolve({
        set: (value) => shown.set(label, value),
        close: () => closed.push(label),
      }),
  );
  await mirror.open();
  counters.drops.late = 5;
  mirror.update();
  expect([...shown]).toEqual([
    ["consumer 7 received", 1n],
    ["consumer 7 drops.late", 5n],
    ["consumer 7 drops.gap", 2n],
  ]);
  mirror.close();
  expect(closed).toHaveLength(3);
  expect([...flattenCounters(counters).keys()]).toEqual(["received", "drops.late", "drops.gap"]);
});

test("what is closed while its counters are made keeps none", async () => {
  const closed: string[] = [];
  const mirror = new CounterMirror(
    "p",
    () => ({ published: 0 }),
    (label) => {
      mirror.close();
      return Promise.resolve({ set: () => undefined, close: () => closed.push(label) });
    },
  );
  await mirror.open();
  expect(closed).toEqual(["p published"]);
});
