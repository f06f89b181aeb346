import { describe, expect, test } from "@jest/globals";
import { systemRandom, systemTime } from "@proj/wire-types/system";

describe("the machine's time", () => {
  test("moves forward", () => {
    const before = systemTime.nowUs();
    expect(systemTime.nowUs()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemTime.wallMs() - Date.now())).toBeLessThan(10_000);
  });

  test("runs callbacks not before their time, and cancelled ones never", async () => {
    let cancelledRan = false;
    systemTime
      .schedule(1000, () => {
        cancelledRan = true;
      })
      .cancel();
    const start = systemTime.nowUs();
    const end = await new Promise<number>((resolve) => {
      systemTime.schedule(5000, () => resolve(systemTime.nowUs()));
      // The pending timer does not keep the process alive by itself: this one does.
      setTimeout(() => undefined, 60);
    });
    // The runtime rounds its clock to milliseconds.
    expect(end - start).toBeGreaterThanOrEqual(3900);
    expect(cancelledRan).toBe(false);
  });

  test("takes delays beyond what a timer can hold, and those in the past", () => {
    systemTime.schedule(2 ** 60, () => undefined).cancel();
    systemTime.schedule(-1, () => undefined).cancel();
  });
});

test("the machine's randomness fills any length", () => {
  expect(systemRandom.fill(new Uint8Array(0))).toHaveLength(0);
  const large = systemRandom.fill(new Uint8Array(200_001));
  expect(large.subarray(-16)).not.toEqual(new Uint8Array(16));
  expect(large.subarray(0, 16)).not.toEqual(large.subarray(65_536, 65_552));
});
