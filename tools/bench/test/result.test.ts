import { describe, expect, test } from "@jest/globals";
import { reduceCase } from "#src/result.js";
import type { RoundSample } from "#src/round.js";

const sample = (p50Us: number): RoundSample => ({
  calls: 1000,
  wallUs: 1000 * p50Us,
  cpuUs: 2000 * p50Us,
  p50Us,
  p99Us: 2 * p50Us,
});

describe("reduceCase", () => {
  const slowing = [10, 20, 40].map(sample);
  const twice = [20, 40, 80].map(sample);

  test("pairs ratios inside a round, so a slow machine does not blur them", () => {
    const result = reduceCase(
      "case",
      "p50",
      [
        { name: "ours", samples: slowing },
        { name: "peer", samples: twice, target: { atMost: 0.6 } },
      ],
      2 ** 20,
    );
    expect(result.peers[0]).toEqual({
      name: "ours",
      p50Us: 20,
      p99Us: 40,
      callsPerSecond: 50_000,
      mibPerSecond: 50_000,
      cpuUsPerCall: 40,
    });
    expect(result.peers[1]?.ratios?.p50).toEqual({ median: 0.5, q1: 0.5, q3: 0.5 });
    expect(result.peers[1]?.ratios?.throughput.median).toBe(2);
    expect(result.peers[1]?.met).toBe(true);
  });

  test("says when a target is missed", () => {
    const result = reduceCase(
      "case",
      "throughput",
      [
        { name: "ours", samples: twice },
        { name: "peer", samples: slowing, target: { atLeast: 1 } },
      ],
      undefined,
    );
    expect(result.peers[1]?.met).toBe(false);
    expect(result.peers[1]?.mibPerSecond).toBeUndefined();
  });
});
