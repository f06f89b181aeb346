import { expect, test } from "@jest/globals";
import { PeerAddresses } from "#src/io/peer-addresses.js";

test("peers are known by host and port, whoever's datagram came before", () => {
  const addresses = new PeerAddresses();
  const peers = [
    { host: "10.0.0.1", port: 7000 },
    { host: "10.0.0.2", port: 7000 },
    { host: "10.0.0.1", port: 7001 },
  ];
  const numbers = peers.map(({ host, port }) => addresses.peer(host, port));
  for (const first of peers) {
    for (const [i, { host, port }] of peers.entries()) {
      addresses.source(first.host, first.port);
      expect(addresses.source(host, port)).toBe(numbers[i]);
      expect(addresses.of(addresses.source(host, port))).toEqual({ host, port });
    }
  }
});

test("a stranger gets a number of its own, also between datagrams of a peer, until it is one", () => {
  const addresses = new PeerAddresses();
  const peer = addresses.peer("10.0.0.1", 7000);
  expect(addresses.source("10.0.0.1", 7000)).toBe(peer);
  const stranger = addresses.source("10.0.0.9", 7000);
  expect(addresses.of(stranger)).toEqual({ host: "10.0.0.9", port: 7000 });
  expect(addresses.source("10.0.0.1", 7000)).toBe(peer);
  const known = addresses.peer("10.0.0.9", 7000);
  expect(known).not.toBe(stranger);
  expect(addresses.source("10.0.0.9", 7000)).toBe(known);
});
