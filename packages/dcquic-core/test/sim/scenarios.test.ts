import { describe, expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import { nodeCrypto } from "#src/io/node-crypto.js";
import { type PlannedTransfer, runWorkload, type WorkloadOptions } from "#src/sim/workload.js";

const SECOND = 1_000_000;

function between(count: number, sizes: readonly number[], hosts = 4): PlannedTransfer[] {
  return Array.from({ length: count }, (_, i) => ({
    from: i % hosts,
    to: (i + 1 + (i % (hosts - 1))) % hosts,
    bytes: sizes[i % sizes.length] ?? 0,
    atUs: 10 * i,
    sealed: i % 5 === 4,
  }));
}

function run(more: Partial<WorkloadOptions> & Pick<WorkloadOptions, "transfers">) {
  return runWorkload({ seed: 1, hosts: 4, crypto: nullCrypto, untilUs: 60 * SECOND, ...more });
}

test("§23: transfers of every size arrive once and unchanged, under real keys", () => {
  const transfers = between(40, [0, 1, 1023, 1024, 1025, 1400, 65_536, 65_537, 300_000]);
  const report = run({ transfers, crypto: nodeCrypto });
  expect(report.delivered).toBe(40);
  expect(report.failed).toBe(0);
  expect(report.goodputRatio).toBe(1);
});
