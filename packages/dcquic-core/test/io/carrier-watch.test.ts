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

test("§18: an address whose link is not ready yet is watched once it is, and one that nobody carries never", () => {
  const { watch, now, told } = watched([
    [0, "10.0.0.1"],
    [1, "10.0.1.1"],
  ]);
  watch.check();
  expect(watch.gone(0)).toBe(false);
  now.add("10.0.0.1");
  watch.check();
  expect(told).toEqual([]);
  now.delete("10.0.0.1");
  watch.check();
  expect(told).toEqual(["0 gone"]);
});

test.each(["0.0.0.0", "::"])(
  "§18: all addresses, %s, are there while the host has any but its own",
  (all) => {
    const { watch, now, told } = watched([[0, all]], "127.0.0.1", "::1", "10.0.0.1", "10.0.1.1");
    expect(watch.gone(0)).toBe(false);
    now.delete("10.0.0.1");
    watch.check();
    expect(told).toEqual([]);
    now.delete("10.0.1.1");
    watch.check();
    watch.check();
    expect(told).toEqual(["0 gone"]);
    now.add("10.0.2.1");
    watch.check();
    expect(told).toEqual(["0 gone", "0 there"]);
  },
);

test("§18: a host that only ever had its own addresses has lost nothing", () => {
  const { watch, told } = watched([[0, "0.0.0.0"]], "127.0.0.1", "::1");
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
