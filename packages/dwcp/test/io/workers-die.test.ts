// Workers that end in the middle of their work. The stored file is the judge.
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Worker } from "node:worker_threads";
import { noise, words } from "../support/hde.js";
import { addressOf, storedIn, TwoNodes } from "../support/two-nodes.js";

let world: TwoNodes;
beforeEach(() => {
  world = new TwoNodes();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await world.close();
});

/** Ends the worker that gets a task, one task in `every`; gives how many ended. */
function killOneIn(every: number): () => number {
  const post = Worker.prototype.postMessage;
  let tasks = 0;
  let killed = 0;
  jest.spyOn(Worker.prototype, "postMessage").mockImplementation(function spy(
    this: Worker,
    message: unknown,
    transfer,
  ) {
    post.call(this, message, transfer as ArrayBuffer[]);
    const isTask = (message as { kind?: string }).kind === "task";
    if (!isTask || ++tasks % every !== 0) return;
    killed += 1;
    void this.terminate();
  });
  return () => killed;
}

test.each([2, 3, 7])(
  "B18: one in %d tasks loses its worker, and the object arrives",
  async (every) => {
    const receiver = await world.receiving();
    const sender = await world.start({ nodeId: "sender" });
    const old = Buffer.concat([words(2_000_000, 1), noise(1_000_000, 2)]);
    const from = Buffer.concat([words(300_000, 3), old, words(3_000_000, 4)]);
    await sender.send(addressOf(receiver), { key: "k", generation: 1, from: old });
    const killed = killOneIn(every);
    const request = { key: "k", generation: 2, from, baselines: [old] };
    await sender.send(addressOf(receiver), request);
    expect(storedIn(receiver, "k").equals(from)).toBe(true);
    expect(killed()).toBeGreaterThan(0);
  },
);

test("B18: with every task losing its worker, everything goes as it is", async () => {
  const receiver = await world.receiving();
  const sender = await world.start({ nodeId: "sender" });
  const from = words(1_500_000, 1);
  killOneIn(1);
  const result = await sender.send(addressOf(receiver), { key: "k", from });
  expect(storedIn(receiver, "k").equals(from)).toBe(true);
  expect(result.fallbacks).toBeGreaterThan(0);
});
