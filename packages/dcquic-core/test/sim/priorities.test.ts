import { expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import { type PlannedTransfer, runWorkload } from "@proj/dcquic-core/sim";

const senders = 8;

function latencies(background: readonly PlannedTransfer[]): number[] {
  const urgent = Array.from({ length: 40 }, (_, i) => ({
    from: 1 + (i % senders),
    to: 0,
    bytes: 2000,
    atUs: 400 + 25 * i,
    priority: 0,
  }));
  const report = runWorkload({
    seed: 2,
    hosts: senders + 1,
    crypto: nullCrypto,
    transfers: [...urgent, ...background],
    untilUs: 5_000_000,
    network: { bytesPerSecond: 3.125e9, delayUs: 50, queueBytes: 1_048_576 },
  });
  expect(report.delivered).toBe(urgent.length + background.length);
  const times = urgent.map(({ atUs }, i) => (report.outcomes[i]?.deliveredUs ?? 0) - atUs);
  return times.toSorted((a, b) => a - b);
}

test("§23: priority 0 stays quick while low priorities fill the link", () => {
  const background = Array.from({ length: senders * 10 }, (_, i) => ({
    from: 1 + (i % senders),
    to: 0,
    bytes: 65_536,
    atUs: 0,
    priority: 6,
  }));
  const alone = latencies([]).at(-1) ?? 0;
  const loaded = latencies(background).at(-1) ?? 0;
  expect(loaded / alone).toBeLessThan(2);
});
