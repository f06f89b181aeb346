import { expect, test } from "@jest/globals";
import { EngineMetrics } from "@proj/dcquic-core";
import { MetricsRegistry } from "@proj/wire-types";
import { runUntil, simPools } from "../support/sim-pools.js";

/** Makes calls, twenty at a time, while the answerer may stand still; what the caller was told of its state, and counted. */
async function callThrough(pauseUs: number) {
  const pools = simPools({
    config: { initialRttUs: 120_000 },
    network: { bytesPerSecond: 1.25e8, delayUs: 50_000 },
    faults: { pauses: [{ host: 1, fromUs: 500_000, untilUs: 500_000 + pauseUs }] },
  });
  pools.pool(1).serve({
    accept: async (incoming) => incoming.reply((await incoming.request()).bytes),
  });
  const told: (string | number | undefined)[] = [];
  pools.pool(0).subscribe({
    level: "info",
    onEvent: ({ kind, details }) => {
      if (kind === "health.peerStateChanged") told.push(details["state"]);
    },
  });
  const calls = Array.from({ length: 20 }, async () => {
    for (let i = 0; i < 25; i++) {
      (await pools.pool(0).unaryRpc("1", new Uint8Array(10)).response).release();
    }
  });
  await runUntil(pools, Promise.all(calls));
  const registry = new MetricsRegistry();
  const { engine } = pools.world.host(0);
  new EngineMetrics(registry, 0).update(engine);
  const changes = (state: string) =>
    registry.value("dcquic_peer_state_changes_total", { worker: "0", state });
  return { told, changes };
}

test("§14: subscribers are told of changes that samples cause, and metrics count them by state", async () => {
  const { told, changes } = await callThrough(1_000_000);
  expect(told).toContain("degraded");
  expect(told.at(-1)).toBe("healthy");
  for (const state of ["healthy", "degraded", "probing", "failed"]) {
    expect(changes(state)).toBe(told.filter((each) => each === state).length);
  }
});

test("§14: nothing is told of a peer that answers", async () => {
  const { told, changes } = await callThrough(0);
  expect(told).toEqual([]);
  expect(changes("degraded")).toBe(0);
});
