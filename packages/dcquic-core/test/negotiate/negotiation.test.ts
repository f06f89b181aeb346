import { expect, test } from "@jest/globals";
import {
  chooseTransport,
  decodeHello,
  encodeHello,
  RMA_PROVIDER_NUMBERS,
  RmaHealth,
  type RmaOffer,
  type RmaProviderName,
} from "@proj/dcquic-core";
import { helloOf } from "../support/hello.js";

function offer(name: RmaProviderName, more: Partial<RmaOffer> = {}): RmaOffer {
  const provider = RMA_PROVIDER_NUMBERS[name];
  return { provider, nic: 0, maxReadBytes: 1_048_576, address: Uint8Array.of(provider), ...more };
}

test("§3 row 18, EFA, §16.3: transport negotiation: the first provider in common, hardware before software, and else UDP", () => {
  const own = [offer("sockets"), offer("shm"), offer("efa")];
  expect(chooseTransport(own, [offer("sockets"), offer("shm")])).toMatchObject({
    kind: "rma",
    peer: { provider: RMA_PROVIDER_NUMBERS.shm },
  });
  expect(chooseTransport(own, own)).toMatchObject({ own: { provider: RMA_PROVIDER_NUMBERS.efa } });
  expect(chooseTransport([offer("efa")], [offer("sockets")])).toEqual({
    kind: "udp",
    reason: "no provider in common: 1 here, 6 there",
  });
  expect(chooseTransport([], own).kind).toBe("udp");
  expect(chooseTransport(own, []).kind).toBe("udp");
});

test("§7.2: offers of memory access travel in HELLO; one that does not decode ends the handshake", () => {
  const rma = [offer("efa", { nic: 3, address: new Uint8Array(32).fill(7) }), offer("sockets")];
  expect(decodeHello(encodeHello(helloOf(1, { rma }))).rma).toEqual(rma);
  expect(decodeHello(encodeHello(helloOf(1))).rma).toEqual([]);
  const tooLong = [offer("shm", { address: new Uint8Array(256) })];
  expect(() => encodeHello(helloOf(1, { rma: tooLong }))).toThrow(RangeError);
  // A value of type 13 that ends before its address does.
  const torn = Uint8Array.of(...encodeHello(helloOf(1)), 13 << 2, 3 << 2, 3, 0, 9);
  expect(() => decodeHello(torn)).toThrow(/memory access/);
});

test("§16.3: three failed reads within ten seconds mean UDP for a minute, and not more", () => {
  const health = new RmaHealth();
  expect([0, 1e6, 12e6].map((atUs) => health.failed(atUs))).toEqual([false, false, false]);
  expect(health.isUp(12e6)).toBe(true);
  expect([13e6, 14e6].map((atUs) => health.failed(atUs))).toEqual([false, true]);
  expect(health.isUp(14e6 + 59e6)).toBe(false);
  expect(health.failed(20e6)).toBe(false);
  expect(health.isUp(14e6 + 60e6)).toBe(true);
});
