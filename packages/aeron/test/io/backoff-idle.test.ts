import { expect, test } from "@jest/globals";
import { BackoffIdle } from "@proj/aeron/node";

test("a loop that had work waits for one turn of the event loop", async () => {
  for (const thread of ["own", "shared"] as const) {
    const idle = new BackoffIdle({ thread });
    for (let step = 0; step < 3_000; step++) {
      const order: string[] = [];
      idle.reset();
      const waited = idle.idle().then(() => order.push("loop"));
      await new Promise<void>((resolve) => void setImmediate(resolve));
      order.push("others");
      await waited;
      expect(order).toEqual(["loop", "others"]);
    }
  }
});

test.each([
  ["own", 10],
  ["shared", 2_000],
] as const)("a loop without work on %s thread gives the core away", async (thread, turns) => {
  const idle = new BackoffIdle({ thread });
  for (let step = 0; step < turns; step++) await idle.idle();
  const start = performance.now();
  for (let step = 0; step < 100; step++) await idle.idle();
  // A nap of a hundredth of a millisecond at least, or a sleep of a whole one; turns alone would come to a tenth of that.
  expect(performance.now() - start).toBeGreaterThanOrEqual(1);
});
