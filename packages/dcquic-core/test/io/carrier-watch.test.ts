import { expect, test } from "@jest/globals";
import { CarrierWatch } from "#src/io/pool/carrier-watch.js";

function watched(addresses: readonly (readonly [number, string])[], ...listed: string[]) {
  const now = new Set(listed);
  const told: string[] = [];
  const watch = new CarrierWatch({
    addresses: new Map(addresses),
    list: () => now,
    onChanged: (nic, how) => told.push(`${nic} ${how}`),
  });
  return { watch, now, told };
}

test("§18, carrier lost: an address that no interface carries any more is told once, and when it is back", () => {
  const { watch, now, told } = watched(
    [
      [0, "10.0.0.1"],
      [1, "10.0.1.1"],
    ],
    "10.0.0.1",
    "10.0.1.1",
  );
  watch.check();
  expect(told).toEqual([]);
  now.delete("10.0.1.1");
  watch.check();
  watch.check();
  expect(told).toEqual(["1 gone"]);
  now.add("10.0.1.1");
  watch.check();
  watch.check();
  expect(told).toEqual(["1 gone", "1 there"]);
});

test("§18: what a socket found first is not told again, but its end is", () => {
  const { watch, now, told } = watched([[0, "10.0.0.1"]], "10.0.0.1");
  expect(watch.gone(0)).toBe(true);
  now.clear();
  watch.check();
  expect(told).toEqual([]);
  now.add("10.0.0.1");
  watch.check();
  expect(told).toEqual(["0 there"]);
});

test("addresses that no interface carries at first are not watched", () => {
  const { watch, now, told } = watched([[0, "0.0.0.0"]]);
  expect(watch.gone(0)).toBe(false);
  now.add("0.0.0.0");
  now.clear();
  watch.check();
  expect(told).toEqual([]);
});

test("the system lists the addresses of this host", () => {
  const told: string[] = [];
  const watch = new CarrierWatch({
    addresses: new Map([[0, "127.0.0.1"]]),
    onChanged: (nic, how) => told.push(`${nic} ${how}`),
  }).start();
  watch.check();
  watch.gone(0);
  watch.check();
  watch.close();
  expect(told).toEqual(["0 there"]);
});
