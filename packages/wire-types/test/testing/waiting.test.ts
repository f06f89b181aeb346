import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { until } from "@proj/wire-types/testing";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe("until", () => {
  test("waits for nothing when its condition holds", async () => {
    await until(() => true, "what is there");
    expect(jest.getTimerCount()).toBe(0);
  });

  test("looks after each pause, and at what comes later too", async () => {
    let looked = 0;
    const waiting = until(() => Promise.resolve(++looked === 4), "the fourth look", {
      everyMs: 20,
    });
    await jest.advanceTimersByTimeAsync(59);
    expect(looked).toBe(3);
    await jest.advanceTimersByTimeAsync(1);
    await waiting;
    expect(looked).toBe(4);
  });

  test("gives up after a minute of pauses, and says what never came", async () => {
    const waiting = expect(until(() => false, "the end of time")).rejects.toThrow(
      "gave up waiting for the end of time",
    );
    await jest.advanceTimersByTimeAsync(59_999);
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    await waiting;
  });

  test("hands on what its condition throws", async () => {
    const broken = () => Promise.reject(new Error("no such job"));
    await expect(until(broken, "a job")).rejects.toThrow("no such job");
  });
});
