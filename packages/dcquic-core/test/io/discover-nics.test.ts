import { expect, test } from "@jest/globals";
import { resolveDcquicConfig } from "@proj/dcquic-core";
import { discoverNics } from "@proj/dcquic-core/node";
import type { NetworkInterfaceInfo } from "node:os";

function address(text: string, internal = false): NetworkInterfaceInfo {
  const common = { address: text, internal, mac: "02:00:00:00:00:01", cidr: null, netmask: "" };
  return text.includes(":")
    ? { ...common, family: "IPv6", scopeid: 0 }
    : { ...common, family: "IPv4" };
}

const card = (name: string, bitsPerSecond: number | undefined) => ({
  name,
  node: undefined,
  bitsPerSecond,
});

test("§3 row 9, multi-NIC, discovery: every card that is up and has an address, in the order of names, with the speed of its link", () => {
  const nics = discoverNics({
    interfaces: {
      lo: [address("127.0.0.1", true), address("::1", true)],
      eth1: [address("fe80::1"), address("2001:db8::5")],
      eth0: [address("fe80::2"), address("10.0.0.1"), address("10.0.0.2")],
      eth2: [address("169.254.3.4"), address("fe80::3")],
      docker0: [address("172.17.0.1")],
    },
    cards: [card("eth0", 100e9), card("eth1", undefined), card("eth2", 1e9), card("eth3", 1e9)],
  });
  expect(nics).toEqual([
    { address: "10.0.0.1", bytesPerSecond: 12.5e9, flowBytesPerSecond: 625e6 },
    { address: "2001:db8::5", bytesPerSecond: 1.25e9, flowBytesPerSecond: 625e6 },
  ]);
  // As a configuration takes them: a worker for each.
  expect(resolveDcquicConfig({ nics }).nics).toEqual(nics);
});

test("a card slower than what one flow may have limits the flow", () => {
  const interfaces = { eth0: [address("10.0.0.1")] };
  expect(discoverNics({ interfaces, cards: [card("eth0", 1e9)] })).toEqual([
    { address: "10.0.0.1", bytesPerSecond: 125e6, flowBytesPerSecond: 125e6 },
  ]);
});

test("where no hardware is to be seen every interface counts but the loopback, and what the system lists is taken as it is", () => {
  const interfaces = { lo: [address("127.0.0.1", true)], veth0: [address("10.1.0.1")] };
  expect(discoverNics({ interfaces, cards: [] }).map((nic) => nic.address)).toEqual(["10.1.0.1"]);
  for (const nic of discoverNics()) expect(nic.bytesPerSecond).toBeGreaterThan(0);
});

test("addresses that are named are taken in their order, any of them, and must be of this host", () => {
  const interfaces = {
    lo: [address("127.0.0.1", true)],
    eth0: [address("10.0.0.1"), address("10.0.0.2")],
  };
  const cards = [card("eth0", 1e9)];
  expect(discoverNics({ addresses: ["127.0.0.1", "10.0.0.2"], interfaces, cards })).toEqual([
    { address: "127.0.0.1", bytesPerSecond: 1.25e9, flowBytesPerSecond: 625e6 },
    { address: "10.0.0.2", bytesPerSecond: 125e6, flowBytesPerSecond: 125e6 },
  ]);
  expect(() => discoverNics({ addresses: ["10.0.0.3"], interfaces, cards })).toThrow(
    new RangeError("no interface of this host has the address 10.0.0.3"),
  );
});
