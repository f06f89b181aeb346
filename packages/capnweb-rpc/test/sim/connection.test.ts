import { expect, test } from "@jest/globals";
import {
  Connection,
  RpcSession,
  RpcTarget,
  transportConnector,
  withDeadline,
} from "@proj/capnweb-rpc";
import { isWireError, ManualTime, SeededRandom, uniform } from "@proj/wire-types";
import fc from "fast-check";
import { MemoryTransport, turns } from "../support/memory-transport.js";

type Step =
  | { readonly kind: "call" }
  | { readonly kind: "slow" | "lose" | "silence" | "down" | "up" | "wake" }
  | { readonly kind: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("call" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "slow" as const,
        "lose" as const,
        "silence" as const,
        "down" as const,
        "up" as const,
        "wake" as const,
      ),
    }),
  },
);

/** Plays a program of faults in virtual time; answers what happened, in order. */
async function play(steps: readonly Step[], seed: number): Promise<readonly string[]> {
  const time = new ManualTime();
  const random = new SeededRandom(seed);
  const history: string[] = [];
  const executed = new Map<number, number>();
  const links: [MemoryTransport, MemoryTransport][] = [];
  const sessions: RpcSession[] = [];
  let down = false;
  class Api extends RpcTarget {
    run(id: number) {
      executed.set(id, (executed.get(id) ?? 0) + 1);
      return id;
    }
    slow(id: number) {
      executed.set(id, (executed.get(id) ?? 0) + 1);
      return new Promise<number>((resolve) =>
        time.schedule(uniform(random) * 2e6, () => resolve(id)),
      );
    }
  }
  const connection = new Connection<Api>(
    transportConnector<Api>(() => {
      if (down) throw new Error("refused");
      const pair = MemoryTransport.pair();
      links.push(pair);
      sessions.push(new RpcSession(pair[1], new Api()));
      return pair[0];
    }),
    {
      time,
      random,
      callTimeoutMs: 5000,
      outage: { maxQueued: 10 },
      health: { intervalMs: 1000, timeoutMs: 200, threshold: 2 },
      reconnect: { baseMs: 100, capMs: 1000 },
      onState: ({ kind }) => history.push(kind),
    },
  );
  const outcomes: Promise<void>[] = [];
  let calls = 0;
  const note = (id: number, call: PromiseLike<number>): void => {
    const timed = withDeadline(call, { timeoutMs: 20_000, timers: time });
    outcomes.push(
      timed.then(
        (answer) => {
          expect(answer).toBe(id);
          expect(executed.get(id)).toBe(1);
          history.push(`${id} ok`);
        },
        (error: unknown) => {
          if (!isWireError(error)) throw error;
          expect(executed.get(id) ?? 0).toBeLessThanOrEqual(1);
          // What was refused or never sent has not been carried out.
          if (/queue_full|not_connected/.test(error.code)) expect(executed.has(id)).toBe(false);
          history.push(`${id} ${error.code}`);
        },
      ),
    );
  };
  for (const next of steps) {
    const link = links.at(-1);
    if (next.kind === "call") note(calls, connection.main.run(calls++));
    else if (next.kind === "slow") note(calls, connection.main.slow(calls++));
    else if (next.kind === "wait") time.advance(next.ms * 1000);
    else if (next.kind === "down") down = true;
    else if (next.kind === "up") down = false;
    else if (next.kind === "wake") connection.wake();
    else if (next.kind === "silence" && link !== undefined) link[0].other = undefined;
    else if (next.kind === "lose") for (const end of link ?? []) end.lose(new Error("cable cut"));
    await turns(80);
  }
  down = false;
  for (let tick = 0; tick < 60; tick++) {
    time.advance(500_000);
    await turns(80);
  }
  await Promise.all(outcomes);
  // In the end there is a session, it works, and nothing has been left in it.
  note(calls, connection.main.run(calls++));
  await outcomes.at(-1);
  await turns(80);
  expect(history.at(-1)).toBe(`${calls - 1} ok`);
  expect([connection.stats, connection.outstanding]).toEqual([{ imports: 1, exports: 1 }, 0]);
  expect(sessions.at(-1)?.getStats()).toEqual({ imports: 1, exports: 1 });
  connection.close();
  await turns();
  expect(time.pending).toBe(0);
  return history;
}

test("§20.2: whatever fails whenever, each call ends once, is made at most once, and the connection comes back", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(), async (steps, seed) => {
      const history = await play(steps, seed);
      expect(await play(steps, seed)).toEqual(history);
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 25) },
  );
});
