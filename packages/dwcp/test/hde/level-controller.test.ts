import { describe, expect, test } from "@jest/globals";
import { type LevelConditions, LevelController } from "@proj/dwcp";

const calm: LevelConditions = {
  workers: 4,
  idleShare: 1,
  cpuUse: 0.3,
  goodput: 1e6,
  loopDelayMs: 1,
};

/** Lets the controller decide once a second; gives the levels. */
function run(controller: LevelController, conditions: LevelConditions, seconds: number): number[] {
  return Array.from({ length: seconds }, (_, at) =>
    controller.adjust((at + 1) * 1_000_000, conditions),
  );
}

describe("B11: the level", () => {
  test("rises one step a second where the link is slow and a level gains", () => {
    const controller = new LevelController(1, 0.8);
    controller.measured(1, 1e9, 1e9 / 2, 2);
    controller.measured(2, 1e9, 1e9 / 2.4, 2);
    controller.measured(3, 1e9, 1e9 / 2.8, 3);
    controller.measured(4, 1e9, 1e9 / 2.81, 3);
    expect(run(controller, calm, 4)).toEqual([2, 3, 3, 3]);
  });

  test("moves no more than once a second", () => {
    const controller = new LevelController(1, 0.8);
    controller.measured(1, 1e9, 1e9 / 2, 2);
    controller.measured(2, 1e9, 1e9 / 2.4, 2);
    controller.measured(3, 1e9, 1e9 / 2.8, 3);
    expect(controller.adjust(1_000_000, calm)).toBe(2);
    expect(controller.adjust(1_500_000, calm)).toBe(2);
    expect(controller.adjust(2_000_000, calm)).toBe(3);
  });

  test("falls where the link is faster than the workers", () => {
    const controller = new LevelController(5, 0.8);
    controller.measured(5, 1e8, 3e7, 1);
    const levels = run(controller, { ...calm, goodput: 5e9, workers: 1 }, 6);
    expect(levels.at(-1)).toBeLessThan(3);
    expect(levels.every((level, at) => at === 0 || (levels[at - 1] ?? 0) - level <= 1)).toBe(true);
  });

  test("falls at once when the machine is too busy, or this thread too late", () => {
    const controller = new LevelController(5, 0.8);
    expect(controller.adjust(1, { ...calm, cpuUse: 0.9 })).toBe(4);
    expect(controller.adjust(2, { ...calm, loopDelayMs: 51 })).toBe(3);
    for (let at = 3; at < 9; at++) controller.adjust(at, { ...calm, cpuUse: 0.9 });
    expect(controller.level).toBe(0);
  });

  test("stays while the goodput is not known", () => {
    const controller = new LevelController(3, 0.8);
    expect(run(controller, { ...calm, goodput: undefined }, 5)).toEqual([3, 3, 3, 3, 3]);
  });
});
