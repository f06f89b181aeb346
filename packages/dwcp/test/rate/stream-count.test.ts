import { describe, expect, test } from "@jest/globals";
import { StreamClimber } from "#src/rate/stream-climber.js";
import { hintStreams, storedUnitTarget, unitTarget, unsentTarget } from "#src/rate/stream-hint.js";

const bounds = { minStreams: 16, maxStreams: 256, initialStreams: 32 };

describe("hintStreams", () => {
  test.each([
    [1000, 10, 256],
    [1000, 100, 100],
    [500, 50, 100],
    [100, 50, 20],
    [100, 100, 16],
    [10_000, 400, 250],
    [0, 50, 16],
  ])("A1: %d Mbit/s and %d ms give %d streams", (bandwidth, latency, streams) => {
    expect(hintStreams(bandwidth, latency, bounds)).toBe(streams);
  });

  test.each([
    [Number.NaN, 10],
    [1000, Number.NaN],
    [1000, 0],
    [1000, -1],
    [-1, 10],
    [Number.POSITIVE_INFINITY, 10],
    [1000, Number.POSITIVE_INFINITY],
  ])("B13: %d Mbit/s and %d ms mean nothing and give the initial count", (bandwidth, latency) => {
    expect(hintStreams(bandwidth, latency, bounds)).toBe(32);
  });
});

describe("unitTarget", () => {
  test("is a quarter of what a stream carries in a round trip, within bounds", () => {
    expect(unitTarget(8_000_000, 100_000, 1_048_576)).toBe(200_000);
    expect(unitTarget(10_000, 100_000, 1_048_576)).toBe(32_768);
    expect(unitTarget(1e9, 1_000_000, 1_048_576)).toBe(1_048_576);
    expect(unitTarget(0, 0, 262_144)).toBe(262_144);
    expect(unitTarget(1e6, Number.POSITIVE_INFINITY, 262_144)).toBe(262_144);
  });
});

describe("storedUnitTarget", () => {
  test("is what all streams send in 1 ms where that is longer than other units, 1 MiB at most", () => {
    expect(storedUnitTarget(0, 4, 32_768)).toBe(32_768);
    expect(storedUnitTarget(25_000_000, 16, 32_768)).toBe(32_768);
    expect(storedUnitTarget(400_000_000, 4, 262_144)).toBe(400_000);
    expect(storedUnitTarget(1_250_000_000, 4, 262_144)).toBe(1_048_576);
    expect(storedUnitTarget(1_250_000_000, 4, 2_000_000)).toBe(2_000_000);
  });

  test("takes no stream longer than 20 ms", () => {
    expect(storedUnitTarget(1_000_000_000, 50, 262_144)).toBe(400_000);
    expect(storedUnitTarget(1_000_000_000, 0, 262_144)).toBe(1_000_000);
  });
});

describe("unsentTarget", () => {
  test("is what a stream sends in 20 ms, in powers of two within bounds", () => {
    expect(unsentTarget(0)).toBe(32_768);
    expect(unsentTarget(1_600_000)).toBe(32_768);
    expect(unsentTarget(2_000_000)).toBe(65_536);
    expect(unsentTarget(25_000_000)).toBe(131_072);
  });
});

describe("StreamClimber", () => {
  /** Lets a climber look at a path for so many seconds; `goodput` says what so many streams achieve. */
  function climb(start: number, seconds: number, goodput: (streams: number) => number) {
    const climber = new StreamClimber(start, { minStreams: 1, maxStreams: 256 }, 1.5);
    const seen: number[] = [];
    for (let s = 0; s < seconds; s += 2) {
      climber.observe({
        nowUs: s * 1e6,
        goodput: goodput(climber.count),
        rttUs: 100_000,
        limitedElsewhere: false,
      });
      seen.push(climber.count);
    }
    return { climber, seen };
  }

  test("adds streams while each of them brings more", () => {
    const { climber } = climb(2, 300, (n) => Math.min(n, 40) * 4.5);
    expect(climber.count).toBeGreaterThanOrEqual(36);
    expect(climber.count).toBeLessThanOrEqual(64);
  });

  test("goes back when more bring nothing, and tries less and less often", () => {
    const { seen } = climb(8, 200, () => 100);
    const trials = seen.filter((count, i) => count > (seen[i - 1] ?? count));
    expect(Math.max(...seen)).toBeLessThanOrEqual(12);
    expect(trials.length).toBeLessThanOrEqual(8);
  });

  test("gives up streams that do not pay", () => {
    const { climber } = climb(64, 600, () => 100);
    expect(climber.count).toBeLessThanOrEqual(8);
  });

  test("changes nothing while the application or the peer's credit sets the pace", () => {
    const climber = new StreamClimber(4, { minStreams: 1, maxStreams: 16 }, 1.5);
    for (let s = 0; s < 100; s++) {
      climber.observe({ nowUs: s * 2e6, goodput: s, rttUs: 1, limitedElsewhere: true });
    }
    expect(climber.count).toBe(4);
  });

  test("B13: never grows above what there is for it, and wants no less for having less", () => {
    const climber = new StreamClimber(8, { minStreams: 1, maxStreams: 256 }, 1.5);
    const look = (s: number, most: number): number =>
      climber.observe({ nowUs: s * 1e6, goodput: 2 ** s, rttUs: 1, limitedElsewhere: false, most });
    for (let s = 0; s < 60; s += 2) expect(look(s, 10)).toBeLessThanOrEqual(10);
    expect(climber.count).toBe(10);
    // Others came; what it had found comes back once they are gone.
    for (let s = 60; s < 200; s += 2) expect(look(s, 3)).toBe(10);
    for (let s = 200; s < 300; s += 2) look(s, 256);
    expect(climber.count).toBeGreaterThan(10);
  });

  test("looks no more often than every two seconds or eight round trips", () => {
    expect(StreamClimber.windowUs(10_000)).toBe(2_000_000);
    expect(StreamClimber.windowUs(400_000)).toBe(3_200_000);
  });
});
