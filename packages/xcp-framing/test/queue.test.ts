import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Queue } from "#src/queue.js";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

test("is a queue, whatever the order of commands", () => {
  const command = fc.oneof(
    fc.constant({ kind: "push" } as const),
    fc.constant({ kind: "shift" } as const),
    fc.record({ kind: fc.constant("remove" as const), at: fc.nat(20) }),
    fc.record({ kind: fc.constant("burst" as const), count: fc.nat(3000) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const queue = new Queue<{ readonly id: number }>();
      const model: { readonly id: number }[] = [];
      let id = 0;
      const push = (): void => {
        const item = { id: id++ };
        queue.push(item);
        model.push(item);
      };
      for (const step of commands) {
        if (step.kind === "push") push();
        else if (step.kind === "shift") expect(queue.shift()).toBe(model.shift());
        else if (step.kind === "remove") {
          const item = model[step.at] ?? { id: -1 };
          expect(queue.remove(item)).toBe(model.includes(item));
          if (model.includes(item)) model.splice(model.indexOf(item), 1);
        } else {
          for (let i = 0; i < step.count; i++) push();
          let same = 1;
          while (same < step.count && queue.shift() === model.shift()) same++;
          expect(same).toBe(Math.max(1, step.count));
        }
        expect(queue.length).toBe(model.length);
        expect(queue.first).toBe(model[0]);
        expect(queue.empty).toBe(model.length === 0);
      }
      expect([...queue]).toEqual(model);
    }),
    fuzzRuns(50),
  );
});
