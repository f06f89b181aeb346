import { expect, test } from "@jest/globals";
import { type MigrationGoal, RoundController, type RoundMeasure } from "@proj/dwcp";

const goal: MigrationGoal = { downtimeMs: 300, maxRounds: 30, whenStuck: "abort" };

// 10 MB/s, half of the raw bytes, 20 ms to settle.
function round(dirtyBytes: number): RoundMeasure {
  const wireBytes = dirtyBytes / 2;
  return { dirtyBytes, wireBytes, sendingUs: wireBytes / 10, settlingUs: 20_000 };
}

function after(rounds: readonly number[], asked: Partial<MigrationGoal> = {}): RoundController {
  const controller = new RoundController({ ...goal, ...asked });
  for (const dirty of rounds) {
    controller.decide(dirty);
    controller.finished(round(dirty));
  }
  return controller;
}

test("B15: it stops when the rest goes within the goal, settling included", () => {
  expect(after([100e6]).decide(5_700_000)).toMatchObject({ kind: "copy" });
  const stop = after([100e6]).decide(5_500_000);
  expect(stop).toEqual({ kind: "stop", predictedUs: 275_000 + 20_000 });
  expect(after([100e6, 50e6]).decide(0)).toMatchObject({ kind: "stop", predictedUs: 20_000 });
});

test("B15: what every round takes on top counts", () => {
  const controller = after([100e6]);
  controller.finished({ ...round(20e6), sendingUs: 1_500_000 });
  expect(controller.decide(0)).toEqual({ kind: "copy" });
});

test("B15: three rounds in a row that do not shrink by a tenth leave it to the policy", () => {
  const rounds = [100e6, 50e6, 48e6, 47e6];
  expect(after(rounds).decide(46e6)).toMatchObject({ kind: "abort" });
  expect(after(rounds, { whenStuck: "stopAndCopy" }).decide(46e6).kind).toBe("stop");
  expect(after([100e6, 50e6, 48e6, 20e6]).decide(19e6).kind).toBe("copy");
});

test("B15: it throttles, and again after three more rounds", () => {
  const controller = after([100e6, 99e6, 98e6], { whenStuck: "throttle" });
  const said = Array.from({ length: 5 }, () => {
    const decision = controller.decide(98e6);
    controller.finished(round(98e6));
    return decision.kind === "throttle" ? decision.share : decision.kind;
  });
  expect(said).toEqual([0.5, "copy", "copy", 0.25, "copy"]);
});

test("B15: after so many rounds the policy decides", () => {
  const shrinking = (left: number): number => 500e6 * 0.8 ** left;
  const rounds = [0, 1, 2].map(shrinking);
  expect(after(rounds, { maxRounds: 3 }).decide(shrinking(3))).toMatchObject({
    kind: "abort",
    reason: expect.stringContaining("after 3 rounds"),
  });
  expect(after(rounds, { maxRounds: 3, whenStuck: "throttle" }).decide(shrinking(3)).kind).toBe(
    "stop",
  );
});
