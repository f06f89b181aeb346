import { describe, expect, test } from "@jest/globals";
import { DeliveryMeter } from "#src/rate/delivery-meter.js";
import { SessionRate } from "#src/rate/session-rate.js";
import { SimulatedPath } from "./simulated-path.js";

const MEGABYTE = 1_000_000;

describe("SessionRate", () => {
  test("finds the bandwidth and the round trip of a path", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 100_000 });
    path.run(8_000_000);
    expect(path.rate.phase).toBe("probeBandwidth");
    expect(path.rate.bandwidth).toBeGreaterThan(0.9 * 25 * MEGABYTE);
    expect(path.rate.bandwidth).toBeLessThan(1.15 * 25 * MEGABYTE);
    // A unit's own time on the wire is part of its round trip.
    expect(path.rate.minRttUs).toBeGreaterThanOrEqual(100_000);
    expect(path.rate.minRttUs).toBeLessThan(140_000);
  });

  test("uses the link and keeps the flight near the BDP", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 100_000 });
    path.run(3_000_000);
    const before = path.meter.deliveredBytes;
    path.run(5_000_000);
    expect(path.meter.deliveredBytes - before).toBeGreaterThan(0.9 * 25 * MEGABYTE * 5);
    expect(path.largestFlight).toBeLessThan(2.5 * 25 * MEGABYTE * 0.14);
  });

  test("follows a path that became slower, and one that became faster", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 50_000 });
    path.run(5_000_000);
    path.bytesPerSecond = 5 * MEGABYTE;
    path.run(8_000_000);
    expect(path.rate.bandwidth).toBeLessThan(7 * MEGABYTE);
    path.bytesPerSecond = 20 * MEGABYTE;
    path.run(15_000_000);
    expect(path.rate.bandwidth).toBeGreaterThan(15 * MEGABYTE);
  });

  test("takes a path that came back within a few round trips", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 100_000 });
    path.run(5_000_000);
    path.bytesPerSecond = 5 * MEGABYTE;
    path.run(6_000_000);
    path.bytesPerSecond = 25 * MEGABYTE;
    path.run(4_000_000);
    expect(path.rate.bandwidth).toBeGreaterThan(20 * MEGABYTE);
  });

  test("probes the round trip when the shortest is ten seconds old", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 50_000 });
    path.run(5_000_000);
    path.rttUs = 90_000;
    const phases = new Set<string>();
    path.run(15_000_000, () => phases.add(path.rate.phase));
    expect(phases).toContain("probeRtt");
    expect(path.rate.minRttUs).toBeGreaterThanOrEqual(90_000);
  });

  test("does not make a rest where there was one: what is sent after it shows the round trip", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 50_000 });
    path.run(5_000_000);
    path.offeredBytesPerSecond = 0;
    path.run(12_000_000);
    path.rttUs = 90_000;
    path.offeredBytesPerSecond = Number.POSITIVE_INFINITY;
    const phases = new Set<string>();
    path.run(3_000_000, () => phases.add(path.rate.phase));
    expect(phases).not.toContain("probeRtt");
    expect(path.rate.minRttUs).toBeGreaterThanOrEqual(90_000);
    expect(path.rate.minRttUs).toBeLessThan(100_000);
  });

  test("is not misled by an application that sends little", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 50_000 });
    path.run(5_000_000);
    path.offeredBytesPerSecond = MEGABYTE;
    path.run(5_000_000);
    expect(path.rate.bandwidth).toBeGreaterThan(20 * MEGABYTE);
  });

  test("fills a path that is shorter than the turns of its processes", () => {
    const path = new SimulatedPath({ bytesPerSecond: 500 * MEGABYTE, rttUs: 200 });
    path.turnUs = 8_000;
    path.run(2_000_000);
    const before = path.meter.deliveredBytes;
    path.run(2_000_000);
    expect(path.rate.minRttUs).toBeLessThan(4_000);
    expect(path.meter.deliveredBytes - before).toBeGreaterThan(0.8 * 500 * MEGABYTE * 2);
  });

  test("allows four units and four per stream before it knows anything", () => {
    const rate = new SessionRate(0.5);
    expect(rate.pacingRate).toBe(Number.POSITIVE_INFINITY);
    expect(rate.inflightCap(1000, 8)).toBe(36_000);
  });

  test.each([
    ["goes on while only some streams are late", [100_000, 900_000, 900_000], "startup"],
    ["ends when everything is late, whatever the rate seems to be", [190_000, 200_000], "drain"],
  ])("start-up %s", (_, roundTrips, phase) => {
    const rate = new SessionRate(0.5);
    const fixed = { appLimited: false, alone: false, inflightBytes: 50 * MEGABYTE };
    let nowUs = 0;
    let deliveryRate = MEGABYTE;
    const hear = (rttUs: number, roundEnded: boolean): void => {
      nowUs += 30_000;
      rate.sample({ ...fixed, nowUs, rttUs, deliveryRate, roundEnded });
    };
    hear(100_000, true);
    for (let round = 0; round < 4; round++) {
      deliveryRate *= 1.5;
      for (const rttUs of roundTrips) hear(rttUs, false);
      hear(Math.max(...roundTrips), true);
    }
    expect(rate.phase).toBe(phase);
  });

  test("a round trip in which streams let go of what they held back puts no more in flight", () => {
    const path = new SimulatedPath({ bytesPerSecond: 25 * MEGABYTE, rttUs: 100_000 });
    path.run(5_000_000);
    const before = path.rate.inflightCap(32_768, 4);
    path.rate.sample({
      nowUs: 5_000_000,
      rttUs: 120_000,
      deliveryRate: 40 * MEGABYTE,
      appLimited: false,
      roundEnded: false,
      alone: false,
      inflightBytes: before,
    });
    expect(path.rate.bandwidth).toBe(40 * MEGABYTE);
    expect(path.rate.inflightCap(32_768, 4)).toBeLessThan(1.1 * before);
  });

  test("begins with four short units per stream, however long units are cut", () => {
    const rate = new SessionRate(0.5);
    expect(rate.inflightCap(32_768, 32, 49_152)).toBe(132 * 32_768);
    // Two of those for each stream go in any case.
    expect(rate.inflightCap(32_768, 32, 98_304)).toBe(68 * 98_304);
  });

  test("gives answers the time that both processes may take, however short the path is", () => {
    const rate = new SessionRate(0.5);
    expect(rate.answerUs).toBe(20_000);
    rate.expectRtt(1_000);
    expect([rate.likelyRttUs, rate.answerUs]).toEqual([1_000, 20_000]);
    const longer = new SessionRate(0.5);
    longer.expectRtt(300_000);
    longer.expectRtt(100_000);
    expect(longer.answerUs).toBe(100_000);
  });

  test("begins anew after a restart", () => {
    const path = new SimulatedPath({ bytesPerSecond: MEGABYTE, rttUs: 10_000 });
    path.run(5_000_000);
    path.rate.restart();
    expect(path.rate.phase).toBe("startup");
    expect(path.rate.bandwidth).toBe(0);
  });
});

describe("DeliveryMeter", () => {
  test("counts what is in flight, delivered and lost", () => {
    const meter = new DeliveryMeter();
    const first = meter.sent(0, 100);
    meter.sent(0, 50);
    expect(meter.inflightBytes).toBe(150);
    expect(meter.acknowledged(1000, 100, first)).toEqual({
      deliveryRate: 100_000,
      appLimited: false,
      roundEnded: true,
      alone: true,
    });
    meter.lost(50);
    expect(meter.inflightBytes).toBe(0);
    expect(meter.deliveredBytes).toBe(100);
  });

  test("marks what was sent while the application had nothing more", () => {
    const meter = new DeliveryMeter();
    meter.limitedByApplication();
    expect(meter.acknowledged(10, 1, meter.sent(0, 1)).appLimited).toBe(true);
    expect(meter.acknowledged(20, 1, meter.sent(10, 1)).appLimited).toBe(false);
  });
});
