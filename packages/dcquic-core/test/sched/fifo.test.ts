import fc from "fast-check";
import { expect, test } from "@jest/globals";
import { Fifo } from "#src/sched/fifo.js";

const RUNS = 100 * Number(process.env["FUZZ_RUNS"] ?? 1);

test("does what an array does, whatever is pushed, put back and taken", () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constantFrom("push", "unshift"), value: fc.integer() }),
    fc.record({ kind: fc.constantFrom("shift", "peek", "clear") }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const queue = new Fifo<number>();
      const model: number[] = [];
      for (const each of commands) {
        if ("value" in each) {
          if (each.kind === "push") queue.push(each.value);
          else queue.unshift(each.value);
          if (each.kind === "push") model.push(each.value);
          else model.unshift(each.value);
        } else if (each.kind === "shift") expect(queue.shift()).toBe(model.shift());
        else if (each.kind === "peek") expect(queue.peek()).toBe(model[0]);
        else {
          queue.clear();
          model.length = 0;
        }
        expect(queue.size).toBe(model.length);
      }
    }),
    { numRuns: RUNS },
  );
});

test("drops what finds it full, but takes back what was in it", () => {
  const queue = new Fifo<string>(2);
  for (const item of ["a", "b", "c"]) queue.push(item);
  expect(queue.size).toBe(2);
  queue.unshift("z");
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([
    "z",
    "a",
    "b",
    undefined,
  ]);
});
