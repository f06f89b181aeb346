import { expect, test } from "@jest/globals";
import { setImmediate as settle } from "node:timers/promises";
import { CarrierWatch } from "#src/io/pool/carrier-watch.js";
import { isOwnAddress } from "#src/io/pool/own-address.js";

function watched(addresses: readonly (readonly [number, string])[], ...listed: string[]) {
  const now = new Set(listed);
  const own = new Set(addresses.map(([, address]) => address));
  const told: string[] = [];
  const watch = new CarrierWatch({
    addresses: new Map(addresses),
    list: () => now,
    owns: async (address) => own.has(address),
    onChanged: (nic, how) => told.push(`${nic} ${how}`),
  });
  return { watch, now, own, told };
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

test("§18: an address that goes before its link was ever ready is told, and when the host has it again", async () => {
  const { watch, now, own, told } = watched([[0, "10.0.0.1"]]);
  const check = (): Promise<void> => {
    watch.check();
    return settle();
  };
  await check();
  own.clear();
  await check();
  await check();
  expect(told).toEqual(["0 gone"]);
  own.add("10.0.0.1");
  await check();
  expect(told).toEqual(["0 gone", "0 there"]);
  // Once its link was ready it is the carrier that counts.
  now.add("10.0.0.1");
  await check();
  now.clear();
  await check();
  expect(told).toEqual(["0 gone", "0 there", "0 gone"]);
});

test("§18: what the system says too late of an address is not told: it was listed meanwhile, or nobody looks any more", async () => {
  const answers: ((isOwn: boolean) => void)[] = [];
  const now = new Set<string>();
  const told: string[] = [];
  const make = (): CarrierWatch =>
    new CarrierWatch({
      addresses: new Map([[0, "10.0.0.1"]]),
      list: () => now,
      owns: () => new Promise((resolve) => answers.push(resolve)),
      onChanged: (nic, how) => told.push(`${nic} ${how}`),
    });
  const [closed, listed] = [make(), make()];
  closed.check();
  expect(answers).toHaveLength(2);
  closed.close();
  now.add("10.0.0.1");
  listed.check();
  for (const answer of answers) answer(false);
  await settle();
  expect(told).toEqual([]);
});

test("a host has its own addresses, and not those of others", async () => {
  expect(await isOwnAddress("127.0.0.1")).toBe(true);
  // For documentation only. RFC 5737, RFC 3849
  expect(await isOwnAddress("192.0.2.1")).toBe(false);
  expect(await isOwnAddress("2001:db8::1")).toBe(false);
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
