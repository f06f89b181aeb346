import { expect, test } from "@jest/globals";
import { RttEstimator } from "#src/cc/rtt.js";
import { FeedbackPace } from "#src/engine/feedback-pace.js";
import type { PeerWorker } from "#src/engine/peer-worker.js";

const TICK_US = 2000;
const ROUND_US = 40;

function makePace(): { pace: FeedbackPace; worker: PeerWorker } {
  const rtt = new RttEstimator({
    initialRttUs: ROUND_US,
    timerGranularityUs: TICK_US,
    maxPtoUs: 1e6,
  });
  return { pace: new FeedbackPace(rtt, TICK_US), worker: { owed: 0 } as PeerWorker };
}

test("§9.11: what arrived is told half a tick later at the latest, and after eight packets at once", () => {
  const { pace, worker } = makePace();
  expect(pace.dueUs).toBe(Number.POSITIVE_INFINITY);
  expect(pace.rides(0, false)).toBe(false);
  pace.owe(100, worker, false, 1);
  pace.owe(200, worker, false, 1);
  expect(pace.dueUs).toBe(100 + TICK_US / 2);
  for (let i = 0; i < 6; i++) pace.owe(300, worker, false, 1);
  expect(pace.dueUs).toBe(300);
  expect(pace.rides(300, true)).toBe(true);
  pace.told(300);
  expect([pace.dueUs, pace.rides(300, false)]).toEqual([Number.POSITIVE_INFINITY, false]);
});

test("§9.11: of CONTROL packets nothing is told with each question, but with the first and after half a tick", () => {
  const { pace, worker } = makePace();
  const ridden: number[] = [];
  for (let nowUs = 0; nowUs < 2 * TICK_US; nowUs += 500) {
    pace.owe(nowUs, worker, false, 1);
    if (!pace.rides(nowUs, true)) continue;
    ridden.push(nowUs);
    pace.told(nowUs);
    worker.owed = 0;
  }
  expect(ridden).toEqual([0, 1000, 2000, 3000]);
});

test("§9.11: what asks for nothing, and what answers DATA, takes it along", () => {
  const { pace, worker } = makePace();
  pace.told(0);
  pace.owe(10, worker, false, 1);
  expect([pace.rides(10, true), pace.rides(10, false)]).toEqual([false, true]);
  pace.owe(20, worker, true, 1);
  expect(pace.rides(20, true)).toBe(true);
  pace.told(20);
  pace.owe(30, worker, false, 1);
  expect(pace.rides(30, true)).toBe(false);
});
