import { describe, expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import {
  type Faults,
  mixFaults,
  type PlannedTransfer,
  runWorkload,
  type WorkloadOptions,
  type WorkloadReport,
} from "@proj/dcquic-core/sim";
import { nodeCrypto } from "@proj/dcquic-core/node";
import { mixOf, repeatOf, seedsOf } from "../support/mixes.js";
import { expectClean, lostOf } from "../support/settled.js";

const SECOND = 1_000_000;
const SIZES = [0, 1, 1023, 1024, 1025, 1400, 16_384, 65_537] as const;

function between(count: number, hosts = 4): PlannedTransfer[] {
  return Array.from({ length: count }, (_, i) => ({
    from: i % hosts,
    to: (i + 1 + (i % (hosts - 1))) % hosts,
    bytes: SIZES[i % SIZES.length] ?? 0,
    atUs: 10 * i,
    sealed: i % 5 === 4,
  }));
}

function run(more: Partial<WorkloadOptions> = {}): WorkloadReport {
  const transfers = more.transfers ?? between(36);
  return runWorkload({
    seed: 1,
    hosts: 4,
    crypto: nullCrypto,
    untilUs: 60 * SECOND,
    ...more,
    transfers,
  });
}

test("§3 row 7, receiver-driven protocol: transfers of every size arrive once and unchanged, under real keys", () => {
  const report = run({ crypto: nodeCrypto });
  expect([report.delivered, report.failed]).toEqual([36, 0]);
  expect(report.goodputRatio).toBe(1);
  expectClean(report);
});

const faults: Readonly<Record<string, Faults>> = {
  loss: { loss: 0.05 },
  bursts: { burst: { begin: 0.01, goOn: 0.8 } },
  duplication: { duplicate: 0.1 },
  reordering: { reorder: { probability: 0.1, delayUs: 500 } },
  corruption: { corrupt: 0.02 },
  truncation: { truncate: 0.02 },
  "a partition": { partitions: [{ from: 0, to: 1, fromUs: 200, untilUs: 500_000 }] },
  "a NIC that is down": { nicDown: [{ host: 2, fromUs: 100, untilUs: 300_000 }] },
  "a pause": { pauses: [{ host: 1, fromUs: 100, untilUs: 200_000 }] },
  "replayed datagrams": { replay: { probability: 0.1, delayUs: 50_000 } },
  "forged datagrams": { spoof: 0.1 },
  "forged ICMP": { forgedIcmp: 0.05 },
  "a clock that jumps": { clockJumps: [{ host: 1, atUs: 200, byUs: 3e5 }] },
  "an MTU black hole": { mtuBlackHoleBytes: 1450 },
  "a shorter MTU, of which the network tells": { mtuBlackHoleBytes: 1300, icmp: true },
  "a new path secret under load": {
    rehandshakes: [
      { from: 0, to: 1, atUs: 100, running: "move" },
      { from: 1, to: 2, atUs: 150, running: "finish" },
    ],
  },
  "flows that a cloud polices": { flowBytesPerSecond: 5e8 },
  "a NIC whose worker goes on over another": { failovers: [{ host: 3, atUs: 150, port: 0 }] },
};

describe("§3 row 16, simulator, §23: every fault alone loses nothing", () => {
  test.each(Object.entries(faults).map(([name, fault]) => ({ name, fault })))(
    "$name",
    ({ fault }) => {
      const report = run({ faults: fault });
      expect([report.delivered, report.failed]).toEqual([36, 0]);
      expectClean(report);
    },
  );
});

test("§23: faults in pairs lose nothing", () => {
  const list = Object.values(faults);
  // Every pair with ALL_PAIRS=1, a spread of them otherwise.
  const step = process.env["ALL_PAIRS"] === "1" ? 1 : 11;
  const pairs = list.flatMap((one, i) => list.slice(i + 1).map((other) => [one, other] as const));
  for (let i = 0; i < pairs.length; i += step) {
    const [one, other] = pairs[i] ?? [{}, {}];
    const report = run({ faults: mixFaults(one, other), transfers: between(9) });
    expect(lostOf(report)).toEqual([]);
    expectClean(report);
  }
});

test("§23: over random mixes nothing is lost, doubled, disordered, changed or left behind", () => {
  for (const seed of seedsOf(4)) {
    const report = runWorkload({
      ...mixOf(seed),
      seed,
      hosts: 4,
      crypto: nullCrypto,
      untilUs: 60 * SECOND,
    });
    const repeat = repeatOf(seed, "sim/scenarios");
    expect({ repeat, lost: lostOf(report) }).toEqual({ repeat, lost: [] });
    expectClean(report);
  }
});

test("§10.4: a transfer that moved waits for nobody by a number of the path it left", () => {
  // In this mix one moves after the one it names was drained.
  const mix = { ...mixOf(6160), seed: 6160, hosts: 4, crypto: nullCrypto };
  const report = runWorkload({ ...mix, untilUs: 10 * SECOND });
  expect(lostOf(report)).toEqual([]);
  expectClean(report);
});

test("§23: the same seed gives the same events, another seed others", () => {
  const mix = mixOf(7);
  const hash = (seed: number): number =>
    runWorkload({ ...mix, seed, hosts: 4, crypto: nullCrypto, untilUs: SECOND }).hash;
  expect(hash(7)).toBe(hash(7));
  expect(hash(8)).not.toBe(hash(7));
});

test("§23: a broken invariant stops the world with one line that repeats it", () => {
  const report = run({ untilUs: 10 });
  report.world.check(() => (report.world.nowUs > 500 ? "too late" : undefined));
  expect(() => report.world.run(SECOND)).toThrow(
    /^too late \(event \d+ at [\d.]+ µs of runWorkload\(\{crypto,"seed":1,"hosts":4/,
  );
});

describe("§1: incast", () => {
  const senders = 12;
  function incast(
    bytes: number,
    each: number,
    more: Partial<WorkloadOptions> = {},
  ): WorkloadReport {
    const transfers = Array.from({ length: senders * each }, (_, i) => ({
      from: 1 + (i % senders),
      to: 0,
      bytes,
      atUs: 0,
    }));
    return run({
      hosts: senders + 1,
      network: { bytesPerSecond: 3.125e9, delayUs: 50, queueBytes: 1_048_576 },
      ...more,
      transfers,
    });
  }

  test("the receiver pulls: no loss, nothing sent twice, the link is used", () => {
    const report = incast(32_768, 12);
    const idealUs = (senders * 12 * 32_768) / 3125;
    expect(report.delivered).toBe(senders * 12);
    expect(report.world.network.queueDrops).toBe(0);
    expect(report.goodputRatio).toBe(1);
    expect(idealUs / report.finishedUs).toBeGreaterThan(0.6);
  });

  test("small messages ride inline only as far as credit goes", () => {
    const report = incast(1000, 30);
    expect(report.delivered).toBe(senders * 30);
    expect(report.goodputRatio).toBeGreaterThan(0.99);
  });

  test("at 1 % random loss at least 0.97 of what is sent is useful", () => {
    const report = incast(32_768, 12, { faults: { loss: 0.01 } });
    expect(report.delivered).toBe(senders * 12);
    expect(report.goodputRatio).toBeGreaterThan(0.97);
  });
});

test("§7.3: keys that change every 64 packets lose nothing under load", () => {
  const report = run({
    crypto: nodeCrypto,
    transfers: between(18),
    config: { rotation: { packets: 64, bytes: 1e9 } },
    faults: { loss: 0.02 },
  });
  expect([report.delivered, report.failed]).toEqual([18, 0]);
});

test("§7.4: a peer that crashed loses its state and nothing else", () => {
  const transfers = Array.from({ length: 60 }, (_, i) => ({
    from: 0,
    to: 1,
    bytes: 20_000,
    atUs: i < 30 ? 12 * SECOND + 10 * i : 14 * SECOND + 10 * i,
  }));
  const report = run({
    hosts: 2,
    transfers: [{ from: 0, to: 1, bytes: 10, atUs: 0 }, ...transfers],
    faults: { crashes: [{ host: 1, atUs: 12 * SECOND + 500, signer: "kept" }] },
  });
  const failures = report.outcomes.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
  expect(failures.length).toBeGreaterThan(0);
  expect(new Set(failures)).toEqual(new Set([9]));
  for (const { deliveredUs } of report.outcomes.slice(31)) expect(deliveredUs).toBeDefined();
});

test("§7.4: a peer that crashed and lost its signer cannot say so: what ran there fails after ten seconds of silence", () => {
  const transfers = Array.from({ length: 20 }, (_, i) => ({
    from: 0,
    to: 1,
    bytes: 20_000,
    atUs: i,
  }));
  const report = run({
    hosts: 2,
    transfers,
    faults: { crashes: [{ host: 1, atUs: 100, signer: "lost" }] },
  });
  const failures = report.outcomes.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
  expect(failures.length).toBeGreaterThan(0);
  // Given up by the machine of health, or after peerTimeout.
  for (const status of failures) expect([6, 7]).toContain(status);
  expect(lostOf(report)).toEqual([]);
  expectClean(report);
});

test("§14, D-9: of a NIC that is down the network tells, and calls fail long before ten seconds are over", () => {
  const { outcomes, world } = run({
    hosts: 2,
    transfers: Array.from({ length: 20 }, (_, i) => ({ from: 0, to: 1, bytes: 20_000, atUs: i })),
    faults: { nicDown: [{ host: 1, fromUs: 150, untilUs: 1e9 }], icmp: true },
    untilUs: SECOND / 2,
  });
  expect(outcomes.every(({ drainedUs, failed }) => drainedUs !== undefined || failed === 7)).toBe(
    true,
  );
  expect(outcomes.some(({ failed }) => failed === 7)).toBe(true);
  expect(world.nowUs).toBeLessThanOrEqual(SECOND / 2);
});

test("§14: of datagrams that are too long the network tells, and hardly any is lost for it", () => {
  const drops = (icmp: boolean): number => {
    const transfers = [{ from: 0, to: 1, bytes: 200_000, atUs: 0 }];
    const report = run({ hosts: 2, transfers, faults: { mtuBlackHoleBytes: 1300, icmp } });
    expect(report.delivered).toBe(1);
    return report.world.network.faultDrops;
  };
  expect(drops(true)).toBeLessThan(drops(false) / 2);
});

test("§11: an application that reads slowly slows its peer down, and gets everything", () => {
  const transfers = Array.from({ length: 100 }, (_, i) => ({
    from: 0,
    to: 1,
    bytes: 900,
    atUs: i,
  }));
  const report = run({ hosts: 2, transfers, consumeUs: 3000, config: { notifyWindow: 16 } });
  expect([report.delivered, report.failed]).toEqual([100, 0]);
  expect(report.finishedUs).toBeGreaterThan((100 / 16) * 3000 * 0.8);
});
