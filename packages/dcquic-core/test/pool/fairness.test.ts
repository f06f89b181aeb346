import { expect, test } from "@jest/globals";
import type { PeerState } from "@proj/dcquic-core";
import type { Faults } from "@proj/dcquic-core/sim";
import { runUntil, simPools } from "../support/sim-pools.js";

const OUTSTANDING = 100;
const CALLS = 1000;
// What is announced without payload, because inline credit is spent, comes a few round trips later.
const WINDOW = 32;

interface Run {
  /** How many other calls ended between begin and end of each call. */
  readonly others: readonly number[];
  /** What the caller thought of its peer while they ran. */
  readonly states: ReadonlySet<PeerState | undefined>;
}

/** Makes equal calls, so many of them outstanding all the time, far more than the peer gives credit for. */
async function makeCalls(faults: Faults): Promise<Run> {
  const pools = simPools({
    faults,
    config: { notifyWindow: WINDOW, queueDepth: WINDOW, initialRttUs: 120_000 },
    network: { bytesPerSecond: 1.25e8, delayUs: 50_000 },
  });
  pools.pool(1).serve({
    accept: async (incoming) => incoming.reply((await incoming.request()).bytes),
  });
  const { engine, paths } = pools.world.host(0);
  const state = (): PeerState | undefined => {
    const id = paths.get(1);
    return id === undefined ? undefined : engine.peerState(id);
  };
  const states = new Set<PeerState | undefined>();
  const others: number[] = [];
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < CALLS) {
      begun += 1;
      const before = others.length;
      (await pools.pool(0).unaryRpc("1", new Uint8Array(128)).response).release();
      others.push(others.length - before);
      states.add(state());
    }
  };
  await runUntil(pools, Promise.all(Array.from({ length: OUTSTANDING }, caller)));
  return { others, states };
}

test("§4.1: equal calls are answered in the order in which they were made, but for a window", async () => {
  const { others, states } = await makeCalls({});
  expect(Math.max(...others)).toBeLessThanOrEqual(OUTSTANDING + WINDOW);
  expect([...states]).toEqual(["healthy"]);
});

test("§14: calls to a peer that was degraded and is well again are not passed by later ones", async () => {
  const { others, states } = await makeCalls({
    pauses: [{ host: 1, fromUs: 500_000, untilUs: 1_500_000 }],
  });
  expect([...states]).toEqual(["healthy", "degraded"]);
  expect(Math.max(...others)).toBeLessThanOrEqual(OUTSTANDING + WINDOW);
});
