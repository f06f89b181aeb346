import { expect, test } from "@jest/globals";
import { DcquicError, Status, type TransportPool } from "@proj/dcquic-core";
import { runUntil, simPools } from "../support/sim-pools.js";

// More than one priority of a path has under way before the first is answered.
const CALLS = 700;
const MAY_BE_OPEN = 512;

type Pools = ReturnType<typeof simPools>;

/** The first pool calls the second, which answers what it is asked. */
function connected(): { pools: Pools; caller: TransportPool } {
  const pools = simPools({}, { closeGraceMs: 50 });
  pools.pool(1).serve({
    accept: async (incoming) => incoming.reply((await incoming.request()).bytes.slice()),
  });
  return { pools, caller: pools.pool(0) };
}

async function outcomeOf(response: Promise<{ readonly bytes: Uint8Array }>): Promise<string> {
  try {
    return (await response).bytes.join(".");
  } catch (error) {
    return error instanceof DcquicError ? error.code : String(error);
  }
}

const numbered = (number: number): Uint8Array => Uint8Array.of(number >>> 8, number & 255);

test("calls beyond what may be open wait without a stream, and all are answered", async () => {
  const { pools, caller } = connected();
  const outcomes = Array.from({ length: CALLS }, (_, number) =>
    outcomeOf(caller.unaryRpc("1", numbered(number)).response),
  );
  expect(caller.stats).toMatchObject({ openCalls: CALLS, streams: CALLS });
  const { waited, waiting } = caller.stats;
  expect(waiting).toBeGreaterThanOrEqual(CALLS - MAY_BE_OPEN);
  expect(waited).toBe(waiting);
  const told = await runUntil(pools, Promise.all(outcomes));
  expect(told).toEqual(told.map((_, number) => numbered(number).join(".")));
  await pools.run(pools.world.nowUs + 1e6, () => Promise.resolve());
  expect(caller.stats).toMatchObject({ openCalls: 0, streams: 0, waiting: 0, waited });
});

test("§15: what waits is cancelled, meets its deadline and follows its signal like what runs", async () => {
  const { pools, caller } = connected();
  const running = Array.from({ length: CALLS }, (_, number) =>
    outcomeOf(caller.unaryRpc("1", numbered(number)).response),
  );
  const controller = new AbortController();
  const cancelled = caller.unaryRpc("1", numbered(1));
  const late = caller.unaryRpc("1", numbered(2), { deadlineMs: 0.01 });
  const aborted = caller.unaryRpc("1", numbered(3), { signal: controller.signal });
  const ended = [cancelled, late, aborted].map(({ response }) => outcomeOf(response));
  cancelled.cancel(400, "changed my mind");
  controller.abort();
  const told = await runUntil(pools, Promise.all(ended));
  expect(told).toEqual(["dcquic.app", "dcquic.deadline", "dcquic.cancelled"]);
  expect(new Set(await runUntil(pools, Promise.all(running))).size).toBe(CALLS);
});

test("§5: a call that depends on others does not wait for those that do not", async () => {
  const { pools, caller } = connected();
  const first = caller.unaryRpc("1", numbered(0), { track: true });
  const token = await runUntil(pools, first.token);
  if (token === undefined) throw new Error("the call has no token");
  const others = Array.from({ length: CALLS }, (_, number) =>
    outcomeOf(caller.unaryRpc("1", numbered(number)).response),
  );
  const waiting = caller.stats.waiting;
  const after = [{ token, wait: "response", cascade: false }] as const;
  const bound = caller.unaryRpc("1", numbered(7), { after });
  expect(caller.stats.waiting).toBe(waiting);
  expect(await runUntil(pools, outcomeOf(bound.response))).toBe("0.7");
  await runUntil(pools, Promise.all(others));
});

test("§10: what waits for a path that is given up ends with its status", async () => {
  const { pools, caller } = connected();
  await runUntil(pools, caller.unaryRpc("1", numbered(0)).response);
  const outcomes = Array.from({ length: CALLS }, (_, number) =>
    outcomeOf(caller.unaryRpc("1", numbered(number)).response),
  );
  const [host] = pools.world.hosts;
  const [path] = host?.paths.values() ?? [];
  expect(path).toBeDefined();
  if (path !== undefined) host?.engine.failPath(path, Status.PeerFailed);
  const told = await runUntil(pools, Promise.all(outcomes));
  expect(new Set(told)).toEqual(new Set(["dcquic.peer_failed"]));
});

test("a pool that closes ends what waits", async () => {
  const { pools, caller } = connected();
  pools.pool(1).serve({ accept: () => new Promise(() => {}) });
  const outcomes = Array.from({ length: CALLS }, (_, number) =>
    outcomeOf(caller.unaryRpc("1", numbered(number)).response),
  );
  const closing = caller.close();
  const told = await runUntil(pools, Promise.all(outcomes), 60e6);
  await runUntil(pools, closing, 120e6);
  expect(new Set(told)).toEqual(new Set(["dcquic.going_away"]));
});
