import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { TokenBucket } from "#src/rate/token-bucket.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const RATE = 1_000_000;

describe("TokenBucket", () => {
  test("lets everything pass before it has a rate", () => {
    const bucket = new TokenBucket(0);
    bucket.take(0, 1e9);
    expect(bucket.nextFreeUs(0)).toBe(0);
  });

  test("C5: keeps to the rate over a second, whatever the units and however late its timer", () => {
    const unit = fc.integer({ min: 1, max: 60_000 });
    const late = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, late), { minLength: 200, maxLength: 400 }), (steps) => {
        const burst = 120_000;
        const bucket = new TokenBucket(0);
        bucket.setRate(0, RATE, burst);
        let nowUs = 0;
        let sent = 0;
        let last = 0;
        for (const [bytes, lateUs] of steps) {
          nowUs = Math.max(nowUs, Math.ceil(bucket.nextFreeUs(nowUs)) + lateUs);
          bucket.take(nowUs, bytes);
          sent += bytes;
          last = bytes;
          expect(sent - last).toBeLessThanOrEqual((nowUs / 1e6) * RATE + burst);
        }
        // Timers are at most 20 ms late and the purse holds 120 ms: nothing is lost for good.
        expect(sent).toBeGreaterThanOrEqual((nowUs / 1e6) * RATE - 60_000 - 20_000);
      }),
      fuzzRuns(50),
    );
  });

  test("follows a new rate at once, and a limit that is lifted", () => {
    const bucket = new TokenBucket(0);
    bucket.setRate(0, RATE, 1000);
    bucket.take(0, 10_000);
    bucket.setRate(0, RATE * 10, 1000);
    expect(bucket.nextFreeUs(0)).toBeCloseTo(1000, 0);
    bucket.setRate(0, Number.POSITIVE_INFINITY, 1000);
    expect(bucket.nextFreeUs(5)).toBe(5);
  });

  test("does not go back with a clock that does", () => {
    const bucket = new TokenBucket(1000);
    bucket.setRate(1000, RATE, 1000);
    bucket.take(1000, 500);
    expect(bucket.nextFreeUs(0)).toBeGreaterThan(0);
    expect(bucket.nextFreeUs(1_000_000)).toBe(1_000_000);
  });
});
