import { expect, test } from "@jest/globals";
import { DcquicError } from "@proj/dcquic-core";
import { runUntil, simPools } from "../support/sim-pools.js";

const SECOND = 1_000_000;
const HOLE_US = 2 * SECOND;
const PROBE_IDLE_US = SECOND / 4;

/** Calls a peer which writes all the time, and to which nothing gets from a moment on; how the call ended, and when. */
async function callTheDeaf(delayUs: number) {
  const pools = simPools({
    config: { initialRttUs: 2 * delayUs, probeIdleUs: PROBE_IDLE_US },
    network: { delayUs },
    faults: { partitions: [{ from: 0, to: 1, fromUs: HOLE_US, untilUs: 1000 * SECOND }] },
  });
  const caller = pools.pool(0);
  const probingUs: number[] = [];
  caller.subscribe({
    level: "info",
    onEvent: ({ kind, details }) => {
      if (kind !== "health.peerStateChanged" || details["state"] !== "probing") return;
      probingUs.push(pools.world.nowUs - HOLE_US);
    },
  });
  pools.pool(1).serve({
    accept: async (incoming) => {
      await incoming.write(new Uint8Array(10));
      // Its acknowledgement is lost, and asked for again and again.
      pools.world.schedule(HOLE_US, () => void incoming.write(new Uint8Array(10)));
    },
  });
  const stream = caller.streamingResponse("1", new Uint8Array(10));
  const written = stream[Symbol.asyncIterator]();
  await runUntil(pools, written.next());
  await pools.run(HOLE_US, () => Promise.resolve());
  const ended = caller.unaryRpc("1", new Uint8Array(10)).response.catch((error: unknown) => error);
  const error = await runUntil(pools, ended, 100 * SECOND);
  return { error, probingUs, endedUs: pools.world.nowUs - HOLE_US };
}

test.each([50, 10_000, 100_000])(
  "§14: a call to a peer that is heard and hears nothing does not wait for ever, over %d µs",
  async (delayUs) => {
    const { error, probingUs, endedUs } = await callTheDeaf(delayUs);
    expect(error instanceof DcquicError && error.code).toBe("dcquic.peer_failed");
    // Asked three times, after which it has three seconds more.
    const idleUs = Math.max(8 * delayUs, PROBE_IDLE_US);
    expect(probingUs[0]).toBeLessThanOrEqual(6 * idleUs);
    expect(endedUs).toBeLessThanOrEqual(6 * idleUs + 4 * SECOND);
  },
);
