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

test("§17.7: late answers and those to other probes change nothing", () => {
  const mtu = new PathMtu({ startBytes: 1200, maxBytes: 8900 });
  mtu.nextProbe(0, PTO);
  const first = mtu.probeId;
  mtu.nextProbe(PTO, PTO);
  mtu.answered(PTO + 1, first);
  mtu.answered(PTO + 1, 99);
  expect(mtu.bytes).toBe(1200);
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
