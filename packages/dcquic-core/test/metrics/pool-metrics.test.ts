import { afterEach, expect, test } from "@jest/globals";
import { PoolMetrics, type TransportPool } from "@proj/dcquic-core";
import { bindThread } from "@proj/dcquic-core/node";
import { backend } from "@proj/native-io";
import { MetricsRegistry } from "@proj/wire-types";
import { until } from "@proj/wire-types/testing";
import { poolsAtBothWorkers } from "../support/two-homes.js";
import { localPool } from "../support/udp-pools.js";

const pools: TransportPool[] = [];
const nativeTest = backend.kind === "native" ? test : test.skip;

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function measured(more: Parameters<typeof localPool>[0]): Promise<MetricsRegistry> {
  const registry = new MetricsRegistry();
  const settings = { preset: "twoCoreTest", workers: 2 } as const;
  const answerers = await poolsAtBothWorkers(6, () => localPool());
  const caller = await localPool({ settings, meter: registry, ...more });
  pools.push(caller, ...answerers);
  for (const answerer of answerers) {
    answerer.serve({
      accept: async (incoming) => {
        await incoming.request();
        await incoming.reply(new Uint8Array(0));
      },
    });
  }
  const metrics = new PoolMetrics(registry);
  for (const { name } of answerers) {
    await caller.unaryRpc(name, new Uint8Array(3000), { priority: 2 }).response;
  }
  // An answer comes before the end of its call.
  await until(() => caller.stats.openCalls === 0, "the calls to end");
  await metrics.update(caller);
  await metrics.update(caller);
  return registry;
}

function samplesOf(registry: MetricsRegistry, name: string) {
  const found = registry.snapshot().find((metric) => metric.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found.samples;
}

function expectMeasured(registry: MetricsRegistry): void {
  const [duration] = samplesOf(registry, "dcquic_call_duration_seconds");
  expect(duration).toMatchObject({
    count: 6,
    labels: { pattern: "unary", priority: "2", outcome: "succeeded" },
  });
  expect(registry.value("dcquic_succeeded_calls_total")).toBe(6);
  for (const worker of ["0", "1"]) {
    expect(registry.value("dcquic_received_packets_total", { worker })).toBeGreaterThan(0);
    expect(registry.value("dcquic_bbr_window_bytes", { worker })).toBeGreaterThan(0);
    expect(registry.value("dcquic_nic_capacity_bytes_per_second", { worker })).toBeGreaterThan(0);
    expect(registry.value("dcquic_path_rtt_seconds", { worker, path: "slowest" })).toBeGreaterThan(
      0,
    );
    expect(registry.value("dcquic_queued_announcements", { worker, priority: "2" })).toBe(0);
  }
  expect(registry.value("dcquic_poll_iterations_total", { worker: "0" })).toBeGreaterThan(0);
  const phases = samplesOf(registry, "dcquic_bbr_paths");
  const paths = phases.reduce((sum, each) => sum + ("value" in each ? each.value : 0), 0);
  expect(paths).toBe(6);
}

test("§21: a pool's metrics tell how long calls take, what waits and what BBR believes, by worker", async () => {
  expectMeasured(await measured({}));
});

nativeTest("§21: so do those of workers on threads of their own", async () => {
  const registry = await measured({ bind: bindThread });
  expectMeasured(registry);
  for (const name of ["dcquic_sent_batches_total", "dcquic_received_batches_total"]) {
    const samples = samplesOf(registry, name);
    expect(samples.map(({ labels }) => labels["at_most"])).toContain("1");
    const messages = samples.reduce((sum, each) => sum + ("value" in each ? each.value : 0), 0);
    expect(messages).toBeGreaterThan(0);
  }
});
