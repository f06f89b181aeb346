import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { TimingWheel, type TimerId } from "#src/sched/timing-wheel.js";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

function advance(wheel: TimingWheel, nowUs: number): number[] {
  const fired: number[] = [];
  wheel.advance(nowUs, (payload) => fired.push(payload));
  return fired;
}

test("§3 row 4, timing wheel: nothing fires early, everything fires in order of deadlines", () => {
  const wheel = new TimingWheel();
  for (const [deadline, payload] of [
    [300, 1],
    [70_000, 2],
    [2.5, 3],
    [2 ** 32 + 5, 4],
    [300, 5],
  ] as const) {
    wheel.schedule(deadline, payload);
  }
  expect(wheel.nextDeadline()).toBe(3);
  expect(advance(wheel, 2.9)).toEqual([]);
  expect(advance(wheel, 299)).toEqual([3]);
  expect(wheel.nextDeadline()).toBe(300);
  expect(advance(wheel, 69_999)).toEqual([1, 5]);
  expect(advance(wheel, 2 ** 33)).toEqual([2, 4]);
  expect(wheel.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
});

test("§22: a far jump of the clock does not loop per tick", () => {
  const wheel = new TimingWheel();
  wheel.schedule(1e15, 7);
  expect(advance(wheel, 1e15 - 1)).toEqual([]);
  expect(wheel.nextDeadline()).toBe(1e15);
  expect(advance(wheel, 1e15)).toEqual([7]);
});

test("what is scheduled while firing and due at once fires with the next advance", () => {
  const wheel = new TimingWheel();
  wheel.schedule(10, 1);
  const fired: number[] = [];
  wheel.advance(100, (payload) => {
    fired.push(payload);
    wheel.schedule(50, payload + 1);
  });
  expect(fired).toEqual([1]);
  expect(advance(wheel, 101)).toEqual([2]);
});

test("the wheel agrees with a sorted list under any schedule, cancel and advance", () => {
  const span = fc.oneof(fc.nat(600), fc.nat(100_000), fc.nat(2 ** 31), fc.nat({ max: 2 ** 34 }));
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("schedule" as const), span }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), span: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("advance" as const), span }) },
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.constantFrom(0, 2 ** 32 - 300),
      (steps, start) => {
        const wheel = new TimingWheel(start);
        let now: number = start;
        let order = 0;
        let model: { id: TimerId; deadline: number; order: number }[] = [];
        for (const { kind, span: by } of steps) {
          if (kind === "schedule") {
            model.push({ id: wheel.schedule(now + by, order), deadline: now + by, order: order++ });
          } else if (kind === "cancel") {
            const [gone] = model.splice(by % Math.max(1, model.length), 1);
            if (gone !== undefined) wheel.cancel(gone.id);
          } else {
            now += by;
            const due = model.filter(({ deadline }) => deadline <= now);
            model = model.filter(({ deadline }) => deadline > now);
            due.sort((a, b) => a.deadline - b.deadline || a.order - b.order);
            const fired = advance(wheel, now);
            expect(fired.map((payload) => due.find((d) => d.order === payload)?.deadline)).toEqual(
              due.map(({ deadline }) => deadline),
            );
            expect([...fired].toSorted((a, b) => a - b)).toEqual(
              due.map((d) => d.order).toSorted((a, b) => a - b),
            );
          }
          const nearest = Math.min(Number.POSITIVE_INFINITY, ...model.map((m) => m.deadline));
          expect(wheel.nextDeadline()).toBe(nearest);
          expect(wheel.size).toBe(model.length);
        }
      },
    ),
    fuzzRuns(200),
  );
});
