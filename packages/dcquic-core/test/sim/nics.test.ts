import { describe, expect, test } from "@jest/globals";
import { nullCrypto } from "@proj/dcquic-core";
import { type PlannedTransfer, runWorkload } from "@proj/dcquic-core/sim";
import { expectClean } from "../support/settled.js";

/** Transfers of each of 192 workers. */
const EACH = process.env["SIM_FULL"] === "1" ? 4 : 2;
const NICS = 8;
const SENDERS = 8;
const GIGABIT = 125_000_000;
const OVERHEAD_BYTES = 66;
const HEADER_BYTES = 80;
const MTU_BYTES = 8900;

// Hosts 0 to 7 are the NICs of one machine, each with its worker; the others send, a share to every NIC.
function toEveryNic(each: number, bytes: number, atUs: number): PlannedTransfer[] {
  return Array.from({ length: SENDERS * each * NICS }, (_, i) => ({
    from: NICS + (i % SENDERS),
    to: Math.floor(i / SENDERS) % NICS,
    bytes,
    atUs,
  }));
}

describe("§3 rows 3 and 9, §23", () => {
  test("8 NICs of 400 Gbit/s together take 3.2 Tbit/s: at least 0.95 of their links, and nothing is dropped", () => {
    const bytes = 4_194_304;
    // Eight senders to each.
    const transfers = Array.from({ length: NICS * SENDERS }, (_, i) => ({
      from: NICS + i,
      to: i % NICS,
      bytes,
      atUs: 0,
    }));
    const bytesPerSecond = 400 * GIGABIT;
    const report = runWorkload({
      seed: 1,
      hosts: NICS + NICS * SENDERS,
      crypto: nullCrypto,
      transfers,
      untilUs: 1_000_000,
      network: { bytesPerSecond, delayUs: 4, queueBytes: 8 * 1_048_576 },
      config: {
        mtuBytes: MTU_BYTES,
        mtuMaxBytes: MTU_BYTES,
        rxUtilisation: 1,
      },
    });
    const share = (transfers.length / NICS) * bytes;
    const wire = share + (share / (MTU_BYTES - HEADER_BYTES)) * (HEADER_BYTES + OVERHEAD_BYTES);
    const idealUs = (wire / bytesPerSecond) * 1e6;
    expect(report.delivered).toBe(transfers.length);
    expect(report.world.network.queueDrops).toBe(0);
    expect(report.goodputRatio).toBe(1);
    expect(idealUs / report.finishedUs).toBeGreaterThan(0.95);
  });

  test("1 of 8 NICs fails: its worker goes on over another one, and nothing is lost or doubled", () => {
    const transfers = toEveryNic(2, 40_000, 0);
    const report = runWorkload({
      seed: 2,
      hosts: NICS + SENDERS,
      crypto: nullCrypto,
      transfers,
      untilUs: 10_000_000,
      network: { bytesPerSecond: 25 * GIGABIT },
      faults: {
        nicDown: [{ host: 3, fromUs: 60, untilUs: 1e9 }],
        failovers: [{ host: 3, atUs: 5000, port: 4 }],
      },
    });
    expect([report.delivered, report.failed]).toEqual([transfers.length, 0]);
    expectClean(report);
  });

  test("192 workers, one a core, serve one burst", () => {
    const workers = 192;
    const transfers = Array.from({ length: EACH * workers }, (_, i) => ({
      from: i % workers,
      to: workers + (i % 8),
      bytes: 2000,
      atUs: 0,
    }));
    const report = runWorkload({
      seed: 3,
      hosts: workers + 8,
      crypto: nullCrypto,
      transfers,
      untilUs: 60_000_000,
      network: { bytesPerSecond: 100 * GIGABIT },
    });
    expect([report.delivered, report.failed]).toEqual([transfers.length, 0]);
    expect(report.goodputRatio).toBe(1);
  });
});
