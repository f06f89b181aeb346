import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Congestion } from "#src/cc/congestion.js";
import { RttEstimator } from "#src/cc/rtt.js";
import { WishPace } from "#src/engine/wish-pace.js";
import { LeakyBucket } from "#src/sched/leaky-bucket.js";

// Whole powers of two: what is computed at once and what is summed up are the same numbers then.
const BYTES_PER_US = 1024;
const RUNS = 100 * Number(process.env["FUZZ_RUNS"] ?? 1);
const bytes = fc.integer({ min: 1, max: 8 }).map((n) => n * 1024);
const steps = fc.array(fc.record({ afterUs: fc.nat(64), bytes }), { maxLength: 20 });
const slackUs = fc.constantFrom(0, 1, 16, 100);

/** Lets packets go one by one until `mayGo` says no, and returns how many those were. */
function oneByOne(mayGo: () => boolean, go: () => void): number {
  for (let count = 0; count < 1000; count++) {
    if (!mayGo()) return count;
    go();
  }
  return Number.POSITIVE_INFINITY;
}

test("§12: the bucket lets as many packets go at once as one after the other", () => {
  fc.assert(
    fc.property(steps, slackUs, (some, slack) => {
      const bucket = new LeakyBucket(BYTES_PER_US * 1e6, slack);
      let nowUs = 0;
      for (const step of some) {
        nowUs += step.afterUs;
        const burst = bucket.burst(nowUs, step.bytes);
        const singly = oneByOne(
          () => bucket.isFree(nowUs),
          () => bucket.take(nowUs, step.bytes),
        );
        expect(burst).toBe(singly);
      }
    }),
    { numRuns: RUNS },
  );
});

test("§12: the wish of a puller lets as many packets go at once as one after the other", () => {
  fc.assert(
    fc.property(steps, slackUs, (some, slack) => {
      const wish = new WishPace(slack);
      let nowUs = 0;
      expect(wish.burst(nowUs, 1)).toBe(Number.POSITIVE_INFINITY);
      wish.rate = (BYTES_PER_US * 1e6) / 1.25;
      for (const step of some) {
        nowUs += step.afterUs;
        const burst = wish.burst(nowUs, step.bytes);
        const singly = oneByOne(
          () => wish.freeUs <= nowUs,
          () => wish.sent(nowUs, step.bytes),
        );
        expect(Math.abs(burst - singly)).toBeLessThanOrEqual(slack === 0 ? 0 : 1);
      }
    }),
    { numRuns: RUNS },
  );
});

test("§12: the window lets as many packets go at once as one after the other", () => {
  const options = { initialRttUs: 100, timerGranularityUs: 1000, maxPtoUs: 1e6 };
  fc.assert(
    fc.property(bytes, fc.nat(20), (packet, before) => {
      const congestion = new Congestion(1400, new RttEstimator(options));
      congestion.packetsSent(0, before, 500);
      const burst = congestion.burst(0, packet);
      const singly = oneByOne(
        () => congestion.nextSendUs() <= 0,
        () => congestion.packetSent(0, packet),
      );
      expect(burst).toBe(singly);
    }),
    { numRuns: RUNS },
  );
});
