import { describe, expect, test } from "@jest/globals";
import { memoryPipePair, memoryStreamPair } from "@proj/wire-types";

// Runs deferred work by hand, so that a test sees every step.
function manual() {
  const tasks: (() => void)[] = [];
  const run = (): number => {
    let steps = 0;
    for (let task = tasks.shift(); task !== undefined && steps < 1000; task = tasks.shift()) {
      steps++;
      task();
    }
    return steps;
  };
  return { defer: (task: () => void) => void tasks.push(task), run };
}

function log() {
  const said: string[] = [];
  return {
    said,
    handlers: {
      data: (bytes: Uint8Array) => void said.push(`data ${bytes.length}`),
      message: (message: Uint8Array) => void said.push(`message ${message.length}`),
      drain: () => void said.push("drain"),
      end: () => void said.push("end"),
      close: (error: unknown) => void said.push(error === undefined ? "close" : "close with error"),
    },
  };
}

describe("an in-process connection", () => {
  test("never calls back inside a call of its owner", () => {
    const { defer, run } = manual();
    const [a, b] = memoryStreamPair({ defer });
    const at = [log(), log()] as const;
    a.open(at[0].handlers);
    b.open(at[1].handlers);
    a.write([new Uint8Array(3)]);
    a.end();
    b.end();
    expect([at[0].said, at[1].said]).toEqual([[], []]);
    run();
    expect(at[0].said).toEqual(["end", "close"]);
    expect(at[1].said).toEqual(["data 3", "end", "close"]);
  });

  test("comes to rest when both ends ended and one is paused", () => {
    const { defer, run } = manual();
    const [a, b] = memoryStreamPair({ defer });
    const at = [log(), log()] as const;
    a.open(at[0].handlers);
    b.open(at[1].handlers);
    a.pause();
    b.write([new Uint8Array(1)]);
    a.end();
    b.end();
    expect(run()).toBeLessThan(20);
    expect(at[0].said).toEqual([]);
    a.resume();
    run();
    expect(at[0].said).toEqual(["data 1", "end", "close"]);
    expect(at[1].said).toEqual(["end", "close"]);
  });

  test("drains once the reader took half, even if it was written to meanwhile", () => {
    const { defer, run } = manual();
    const [a, b] = memoryStreamPair({ defer, highWaterBytes: 10 });
    const from = log();
    a.open(from.handlers);
    expect(a.write([new Uint8Array(9)])).toBe(true);
    expect(a.write([new Uint8Array(1)])).toBe(false);
    run();
    expect(a.write([new Uint8Array(1)])).toBe(false);
    expect(a.queuedBytes).toBe(11);
    expect(from.said).toEqual([]);
    b.open(log().handlers);
    run();
    expect(a.queuedBytes).toBe(0);
    expect(from.said).toEqual(["drain"]);
  });

  test("tells an owner that opens late about the drain it is owed", () => {
    const { defer, run } = manual();
    const [a, b] = memoryPipePair({ defer, highWaterBytes: 10 });
    a.send([new Uint8Array(10)]);
    b.open(log().handlers);
    run();
    const from = log();
    a.open(from.handlers);
    run();
    expect(from.said).toEqual(["drain"]);
  });

  test("keeps nothing that is written to a dropped peer", () => {
    const { defer, run } = manual();
    const [a, b] = memoryStreamPair({ defer, highWaterBytes: 10 });
    const from = log();
    a.open(from.handlers);
    b.destroy();
    expect(a.write([new Uint8Array(100)])).toBe(true);
    expect(a.queuedBytes).toBe(0);
    run();
    expect(from.said).toEqual(["close with error"]);
  });

  test("carries empty messages", () => {
    const { defer, run } = manual();
    const [a, b] = memoryPipePair({ defer });
    const to = log();
    b.open(to.handlers);
    a.send([]);
    a.send([new Uint8Array(0)]);
    run();
    expect(to.said).toEqual(["message 0", "message 0"]);
  });
});
