import { describe, expect, test } from "@jest/globals";
import { ManualTime } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

describe("manual time", () => {
  test("stands still until it is advanced", () => {
    const time = new ManualTime(1_000_000);
    expect([time.nowUs(), time.wallMs()]).toEqual([0, 1_000_000]);
    time.advance(2500);
    expect([time.nowUs(), time.wallMs()]).toEqual([2500, 1_000_002.5]);
  });

  test("runs what falls due in order of time, then of scheduling, each at its moment", () => {
    const time = new ManualTime();
    const ran: [string, number][] = [];
    const note = (name: string) => () => void ran.push([name, time.nowUs()]);
    time.schedule(20, note("c"));
    time.schedule(10, note("a"));
    time.schedule(10, note("b"));
    time.schedule(31, note("late"));
    time.schedule(-5, note("overdue"));
    time.advance(30);
    expect(ran).toEqual([
      ["overdue", 0],
      ["a", 10],
      ["b", 10],
      ["c", 20],
    ]);
    expect(time.nowUs()).toBe(30);
    expect(time.pending).toBe(1);
  });

  test("never runs what was cancelled, even by a callback of the same moment", () => {
    const time = new ManualTime();
    const ran: string[] = [];
    const second = { cancel: () => undefined as void };
    time.schedule(1, () => {
      ran.push("first");
      second.cancel();
    });
    Object.assign(
      second,
      time.schedule(1, () => void ran.push("second")),
    );
    const done = time.schedule(1, () => void ran.push("third"));
    time.advance(1);
    done.cancel();
    expect(ran).toEqual(["first", "third"]);
  });

  test("runs what callbacks schedule within the same advance", () => {
    const time = new ManualTime();
    const at: number[] = [];
    const tick = (): void => {
      at.push(time.nowUs());
      time.schedule(10, tick);
    };
    time.schedule(10, tick);
    time.advance(35);
    expect(at).toEqual([10, 20, 30]);
  });

  test("never goes back", () => {
    const time = new ManualTime();
    expect(() => time.advance(-1)).toThrow(RangeError);
    time.schedule(1, () => time.advance(100));
    time.advance(10);
    expect(time.nowUs()).toBe(101);
  });

  test("any schedule runs in order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(20)), (delays, steps) => {
        const time = new ManualTime();
        const ran: number[] = [];
        for (const delay of delays) {
          time.schedule(delay, () => {
            expect(time.nowUs()).toBe(delay);
            ran.push(delay);
          });
        }
        for (const step of [0, ...steps]) time.advance(step);
        const end = time.nowUs();
        expect(ran).toEqual(delays.filter((delay) => delay <= end).toSorted((a, b) => a - b));
        expect(time.pending).toBe(delays.length - ran.length);
      }),
      fuzzRuns(100),
    );
  });
});
