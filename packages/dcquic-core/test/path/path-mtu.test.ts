import { expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import { runWorkload } from "@proj/dcquic-core/sim";
import { PathMtu } from "#src/path/path-mtu.js";

const PTO = 1000;

/** Searches on a path that passes `limit` bytes; returns what was found and how many probes it took. */
function search(mtu: PathMtu, limit: number): { bytes: number; probes: number } {
  let probes = 0;
  for (let now = 0; now < 100 * PTO; now += PTO) {
    const bytes = mtu.nextProbe(now, PTO);
    if (bytes === 0) continue;
    probes += 1;
    if (bytes <= limit) mtu.answered(now + 1, mtu.probeId);
  }
  return { bytes: mtu.bytes, probes };
}

test("§17.7: padded probes find what passes, within 32 bytes and never above it", () => {
  for (const limit of [1200, 1400, 1472, 4000, 8000, 8868, 8900]) {
    const found = search(new PathMtu({ startBytes: 1200, maxBytes: 8900 }), limit);
    expect(found.bytes).toBeLessThanOrEqual(limit);
    expect(found.bytes).toBeGreaterThan(limit - 32);
    expect(found.probes).toBeLessThanOrEqual(30);
  }
  expect(search(new PathMtu({ startBytes: 1400, maxBytes: 8900 }), 8900).probes).toBe(1);
});

test("§17.7: nothing is probed where nothing larger is allowed", () => {
  const mtu = new PathMtu({ startBytes: 1400, maxBytes: 1400 });
  expect(mtu.dueUs).toBe(Number.POSITIVE_INFINITY);
  expect(mtu.nextProbe(1, PTO)).toBe(0);
});

test("§14: a report lowers the size, but never below 1200", () => {
  const mtu = new PathMtu({ startBytes: 8900, maxBytes: 8900 });
  mtu.tooLarge(0, 1452);
  expect(mtu.bytes).toBe(1452);
  mtu.tooLarge(1, 68);
  expect(mtu.bytes).toBe(1200);
  mtu.tooLarge(2, 9000);
  expect(mtu.bytes).toBe(1200);
});

test("§17.7: an answer counts however late it is: the peer was busy, and the size passes", () => {
  const mtu = new PathMtu({ startBytes: 1400, maxBytes: 8900 });
  const sizes: number[] = [];
  for (let now = 0; now < 10 * PTO; now += PTO) sizes.push(mtu.nextProbe(now, PTO));
  expect(sizes.slice(0, 4)).toEqual([8900, 8900, 8900, 5150]);
  mtu.answered(10 * PTO, 3);
  expect([mtu.bytes, mtu.dueUs]).toEqual([8900, Number.POSITIVE_INFINITY]);
  mtu.answered(10 * PTO, 4);
  expect(mtu.bytes).toBe(8900);
});

test("§17.7: answers to probes that were never sent, or long ago, change nothing", () => {
  const mtu = new PathMtu({ startBytes: 1200, maxBytes: 8900 });
  mtu.nextProbe(0, PTO);
  for (const probeId of [0, 2, 99, 2 ** 32 - 1]) mtu.answered(1, probeId);
  expect(mtu.bytes).toBe(1200);
  let now = 0;
  for (let tries = 0; tries < 20; tries++) {
    for (let i = 0; i < 40; i++) mtu.nextProbe((now += PTO), PTO);
    now += 600_000_000;
  }
  mtu.answered(now, 1);
  expect(mtu.bytes).toBe(1200);
});

test("§14, §17.7: what was sent before less was found to pass proves nothing", () => {
  const reported = new PathMtu({ startBytes: 1400, maxBytes: 8900 });
  expect(reported.nextProbe(0, PTO)).toBe(8900);
  reported.tooLarge(1, 1452);
  reported.answered(2, reported.probeId);
  expect(reported.bytes).toBe(1400);
  const vanishing = new PathMtu({ startBytes: 1400, maxBytes: 8900 });
  expect(vanishing.nextProbe(0, PTO)).toBe(8900);
  for (let i = 1; i <= 3; i++) vanishing.dataTimedOut(i * PTO, PTO);
  vanishing.answered(3 * PTO, vanishing.probeId);
  expect(vanishing.bytes).toBe(1200);
});

test("§17.7: where DATA vanishes for three PTOs the floor is used, and the old size again once a probe passes", () => {
  const mtu = new PathMtu({ startBytes: 1400, maxBytes: 1400 });
  // Many transfers that time out together are one sign, not many.
  for (let i = 0; i < 10; i++) mtu.dataTimedOut(PTO, PTO);
  expect(mtu.bytes).toBe(1400);
  mtu.dataTimedOut(2 * PTO, PTO);
  mtu.dataArrived(1400);
  mtu.dataTimedOut(3 * PTO, PTO);
  mtu.dataTimedOut(4 * PTO, PTO);
  expect(mtu.bytes).toBe(1400);
  mtu.dataTimedOut(5 * PTO, PTO);
  expect(mtu.bytes).toBe(1200);
  expect(mtu.nextProbe(5 * PTO, PTO)).toBe(1400);
  mtu.answered(5 * PTO + 1, mtu.probeId);
  expect(mtu.bytes).toBe(1400);
});

test("§23: a black hole for large datagrams delays transfers and loses none", () => {
  const transfers = Array.from({ length: 8 }, (_, i) => ({
    from: 1 + (i % 2),
    to: 0,
    bytes: 200_000,
    atUs: 0,
  }));
  const report = runWorkload({
    seed: 5,
    hosts: 3,
    crypto: nullCrypto,
    transfers,
    config: { mtuBytes: 1400, mtuMaxBytes: 8900 },
    faults: { mtuBlackHoleBytes: 1300 },
    untilUs: 30_000_000,
  });
  expect(report).toMatchObject({ delivered: 8, failed: 0 });
});
