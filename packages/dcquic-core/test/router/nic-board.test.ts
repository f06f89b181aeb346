import { expect, test } from "@jest/globals";
import { NicBoard } from "#src/router/nic-board.js";

// Two NICs with two workers each.
function board(): NicBoard {
  return new NicBoard([0, 1, 2, 3].map((worker) => ({ worker, nic: worker >> 1 })));
}

test("§18: a NIC is up, degraded while some of its workers do not turn, and down when none is left", () => {
  const nics = board();
  expect(nics.workerIs(0, 0, "stalled")).toBe("degraded");
  expect(nics.canServe(0, 0)).toBe(true);
  expect(nics.workerIs(0, 0, "lost")).toBeUndefined();
  expect(nics.canServe(0, 0)).toBe(false);
  expect(nics.workerIs(1, 0, "lost")).toBe("down");
  expect(nics.all).toEqual([
    { nic: 0, workers: [0, 1], state: "down" },
    { nic: 1, workers: [2, 3], state: "up" },
  ]);
  expect(nics.workerIs(1, 0, "turning")).toBe("degraded");
  expect(nics.workerIs(0, 0, "turning")).toBe("up");
});

test("§18: a NIC that is gone is down, and is as its workers are when it is back", () => {
  const nics = board();
  expect(nics.hasOther(0)).toBe(true);
  expect(nics.nicIs(0, "gone")).toBe("down");
  expect(nics.nicIs(0, "gone")).toBeUndefined();
  expect([nics.isThere(0), nics.canServe(0, 0), nics.canServe(2, 1)]).toEqual([false, false, true]);
  expect(nics.hasOther(1)).toBe(false);
  expect(nics.workerIs(0, 0, "lost")).toBeUndefined();
  expect(nics.nicIs(0, "there")).toBe("degraded");
  expect([nics.canServe(0, 0), nics.canServe(1, 0)]).toEqual([false, true]);
});

test("nothing is known of NICs that no worker uses", () => {
  expect([board().nicIs(7, "gone"), board().isThere(7), board().canServe(9, 7)]).toEqual([
    undefined,
    false,
    false,
  ]);
});
