import { expect, test } from "@jest/globals";
import { RttEstimator } from "#src/cc/rtt.js";
import { ClosedPace } from "#src/engine/closed-pace.js";

const RTT_US = 1000;
const rtt = new RttEstimator({ initialRttUs: RTT_US, timerGranularityUs: 1000, maxPtoUs: 1e6 });

test("§9.12: CLOSED is said four round trips after the last one, or at once for 256 completions", () => {
  const closed = new ClosedPace(rtt);
  expect(closed.nextUs()).toBe(Number.POSITIVE_INFINITY);
  closed.finished();
  expect(closed.isDue(0)).toBe(true);
  closed.sent(0);
  closed.finished();
  expect([closed.isDue(4 * RTT_US - 1), closed.isDue(4 * RTT_US)]).toEqual([false, true]);
  for (let i = 1; i < 256; i++) closed.finished();
  expect(closed.isDue(1)).toBe(true);
});

test("§9.12: a CLOSED is repeated three times, at growing distances", () => {
  const closed = new ClosedPace(rtt);
  closed.finished();
  closed.sent(0);
  const waits: number[] = [];
  for (let nowUs = 0; closed.nextUs() < Number.POSITIVE_INFINITY;) {
    waits.push((closed.nextUs() - nowUs) / RTT_US);
    nowUs = closed.nextUs();
    closed.sent(nowUs);
  }
  expect(waits).toEqual([16, 64, 256]);
});

test("§9.12: where four round trips are shorter than a PTO, CLOSED is said after that", () => {
  const quick = new RttEstimator({ initialRttUs: 40, timerGranularityUs: 2000, maxPtoUs: 1e6 });
  const closed = new ClosedPace(quick);
  closed.sent(0);
  closed.finished();
  expect([closed.isDue(1999), closed.isDue(2000)]).toEqual([false, true]);
});
