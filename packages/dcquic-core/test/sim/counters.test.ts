import { expect, test } from "@jest/globals";
import { type PlannedTransfer, runWorkload } from "@proj/dcquic-core/sim";
import { nodeCrypto } from "@proj/dcquic-core/node";
import { expectClean } from "../support/settled.js";

const WORD = 2 ** 32;
const MAX_GENERATION = 2 ** 24 - 1;

function ring(count: number): PlannedTransfer[] {
  return Array.from({ length: count }, (_, i) => ({
    from: i % 3,
    to: (i + 1) % 3,
    bytes: [10, 3000, 70_000][i % 3] ?? 0,
    atUs: 40 * i,
    track: true,
    after: i < 3 ? [] : [{ transfer: i - 3, kind: 2 }],
  }));
}

test("§20, §23: packet numbers, announcements, ids and clocks pass their words' ends under load", () => {
  const report = runWorkload({
    seed: 3,
    hosts: 3,
    crypto: nodeCrypto,
    transfers: ring(90),
    untilUs: 60_000_000,
    startUs: WORD - 2000,
    counters: {
      packetNumber: WORD - 30,
      keyId: 0,
      notifySeq: WORD - 20,
      generation: MAX_GENERATION,
    },
    faults: { loss: 0.03, reorder: { probability: 0.1, delayUs: 300 } },
  });
  expect([report.delivered, report.failed]).toEqual([90, 0]);
  expect(report.world.host(0).nowUs).toBeGreaterThan(WORD);
  expectClean(report);
});

test("§7.3: where key ids end, both sides go on under a new path secret", () => {
  const before = 2 ** 32 - 2 ** 16 - 2;
  const report = runWorkload({
    seed: 4,
    hosts: 3,
    crypto: nodeCrypto,
    transfers: ring(45),
    untilUs: 50_000_000,
    counters: { packetNumber: 0, keyId: before, notifySeq: 0, generation: 1 },
    config: { rotation: { packets: 24, bytes: 1e9 } },
  });
  expect([report.delivered, report.failed]).toEqual([45, 0]);
  expect(report.world.host(2).entries.size).toBeGreaterThan(2);
  expectClean(report);
});
