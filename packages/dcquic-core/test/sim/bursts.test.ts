import { describe, expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import { runWorkload, type WorkloadOptions, type WorkloadReport } from "@proj/dcquic-core/sim";

const SENDERS = 200;
/** Streams of each sender in the bursts: 10,000 altogether with SIM_FULL=1, 1600 otherwise. */
const EACH = process.env["SIM_FULL"] === "1" ? 50 : 8;
const BYTES_PER_SECOND = 3.125e9;
const OVERHEAD_BYTES = 66;
const HEADER_BYTES = 80;
const MTU_BYTES = 1400;

function burst(
  each: number,
  bytes: number,
  more: Partial<WorkloadOptions> = {},
): WorkloadReport & { readonly utilisation: number } {
  const transfers = Array.from({ length: SENDERS * each }, (_, i) => ({
    from: 1 + (i % SENDERS),
    to: 0,
    bytes,
    atUs: 0,
  }));
  const report = runWorkload({
    seed: 1,
    hosts: SENDERS + 1,
    crypto: nullCrypto,
    untilUs: 30_000_000,
    network: { bytesPerSecond: BYTES_PER_SECOND, delayUs: 50, queueBytes: 1_048_576 },
    ...more,
    transfers,
  });
  // Of what the link can carry with the headers that every packet needs.
  const packets = Math.ceil(bytes / (MTU_BYTES - HEADER_BYTES)) * transfers.length;
  const wire = bytes * transfers.length + packets * (HEADER_BYTES + OVERHEAD_BYTES);
  return { ...report, utilisation: ((wire / BYTES_PER_SECOND) * 1e6) / report.finishedUs };
}

describe("§1.2, §27: 200 senders into one link of 25 Gbit/s", () => {
  test("incast: nothing is dropped, nothing is sent twice, and at least 0.95 of the link is used", () => {
    const report = burst(4, 32_768);
    expect(report.delivered).toBe(SENDERS * 4);
    expect(report.world.network.queueDrops).toBe(0);
    expect(report.goodputRatio).toBe(1);
    expect(report.utilisation).toBeGreaterThan(0.95);
  });

  test("a burst of streams: at least 0.995 of what is sent is useful", () => {
    const report = burst(EACH, 1200);
    expect(report.delivered).toBe(SENDERS * EACH);
    expect(report.goodputRatio).toBeGreaterThan(0.995);
  });

  test("a burst at 1 % random loss: at least 0.97 is", () => {
    const report = burst(EACH, 1200, { faults: { loss: 0.01 } });
    expect(report.delivered).toBe(SENDERS * EACH);
    expect(report.goodputRatio).toBeGreaterThan(0.97);
  });

  test("at 5 % random loss at least 0.9 is", () => {
    const report = burst(2, 4000, { faults: { loss: 0.05 } });
    expect(report.delivered).toBe(SENDERS * 2);
    expect(report.goodputRatio).toBeGreaterThan(0.9);
  });
});

describe("§1, last four rows: inline payload is what a receiver cannot schedule", () => {
  const useful = (inlineStartBytes: number, inlineMaxBytes: number): number =>
    burst(EACH, 1000, { config: { inlineStartBytes, inlineMaxBytes, inlinePoolBytes: 8e6 } })
      .goodputRatio;

  test("without credit the burst drowns itself; with 4 KiB a peer most of it is useful; without any, all of it", () => {
    const [forced, credit, none] = [useful(1_000_000, 1024), useful(4096, 1024), useful(4096, 0)];
    expect(credit).toBeGreaterThan(forced);
    expect(none).toBe(1);
  });
});
