import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { RetryPause } from "#src/io/net/retry-pause.js";

beforeEach(() => {
  jest.useFakeTimers();
  // In the middle of what chance makes of a wait.
  jest.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** How long each of so many pauses takes, in ms, after what `before` tells the pause. */
function waits(
  retry: RetryPause,
  count: number,
  before: () => void,
  longestMs?: number,
): readonly number[] {
  return Array.from({ length: count }, () => {
    before();
    retry.pause(() => undefined, longestMs);
    let ms = 0;
    for (; retry.isPausing; ms += 50) jest.advanceTimersByTime(50);
    return ms;
  });
}

test("B7: a peer that fails is tried after twice as long each time, up to five seconds", () => {
  const retry = new RetryPause();
  const failed = (): void => void retry.failed();
  expect(waits(retry, 8, failed)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  retry.succeeded();
  expect(waits(retry, 1, failed)).toEqual([100]);
});

test("B13: a peer that has no place is asked after twice as long each time, up to what is said", () => {
  const retry = new RetryPause();
  const refused = (): void => retry.refused();
  expect(waits(retry, 10, refused, 30_000).slice(6)).toEqual([6_400, 12_800, 25_600, 30_000]);
  // It is there all the same: how long it has been away counts from the first failure on.
  expect(retry.failed()).toBeLessThan(1);
});

test("nothing is waited for any more once it is stopped", () => {
  const retry = new RetryPause();
  retry.failed();
  retry.pause(() => {
    throw new Error("it was stopped");
  });
  retry.stop();
  retry.stop();
  expect([retry.isPausing, jest.getTimerCount()]).toEqual([false, 0]);
});
