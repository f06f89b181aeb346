import { expect, test } from "@jest/globals";
import { Watchdog } from "@proj/dcquic-core";

test("§14, worker watchdog: a loop that stops is stalled after a second, hung after five, and may recover", () => {
  const watchdog = new Watchdog();
  let iterations = 7;
  watchdog.watch(3, 0, iterations);
  const seen: string[] = [];
  const until = (from: number, to: number): void => {
    for (let now = from; now < to; now += 100) {
      for (const { kind, worker } of watchdog.check(now, () => iterations)) {
        seen.push(`${kind} ${worker} at ${now}`);
      }
    }
  };
  until(0, 7000);
  iterations += 1;
  until(7000, 8500);
  expect(seen).toEqual([
    "stalled 3 at 1000",
    "hung 3 at 5000",
    "recovered 3 at 7000",
    "stalled 3 at 8000",
  ]);
});

test("§14: a monitor that was away itself blames nobody", () => {
  const watchdog = new Watchdog();
  watchdog.watch(0, 0, 1);
  watchdog.check(100, () => 1);
  expect(watchdog.check(60_000, () => 1)).toEqual([]);
  watchdog.forget(0);
  expect(watchdog.check(60_100, () => 1)).toEqual([]);
});
