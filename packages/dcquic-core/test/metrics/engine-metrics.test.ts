import { expect, test } from "@jest/globals";
import { EngineMetrics, nullCrypto } from "@proj/dcquic-core";
import { runWorkload, SimPools } from "@proj/dcquic-core/sim";
import { MetricsRegistry } from "@proj/wire-types";

test("§21: the gaps of a loop and the batches of a driver are told by their size, each once", () => {
  const registry = new MetricsRegistry();
  const metrics = new EngineMetrics(registry, 3);
  const idle = new SimPools({ seed: 1, hosts: 1, crypto: nullCrypto }).world.host(0).engine;
  const measured = (gaps: readonly number[], sent: readonly number[]) => ({
    counters: idle.counters,
    stats: idle.stats,
    load: idle.load,
    loopGaps: { bounds: [1000, 5000], counts: gaps },
    driver: { turns: 7, sentBatches: { bounds: [1, 64], counts: sent } },
  });
  metrics.update(measured([1, 0, 0], [5, 2, 0]));
  metrics.update(measured([1, 4, 2], [5, 9, 0]));
  const gaps = (atMost: string) =>
    registry.value("dcquic_loop_gaps_total", { worker: "3", at_most: atMost });
  expect([gaps("0.001"), gaps("0.005"), gaps("+Inf")]).toEqual([1, 4, 2]);
  const batches = (atMost: string) =>
    registry.value("dcquic_sent_batches_total", { worker: "3", at_most: atMost });
  expect([batches("1"), batches("64")]).toEqual([5, 9]);
  expect(registry.value("dcquic_poll_iterations_total", { worker: "3" })).toBe(7);
});

test("§3 row 21, observability, §21: metrics follow the counters of an engine", () => {
  const { world } = runWorkload({
    seed: 5,
    hosts: 2,
    crypto: nullCrypto,
    transfers: Array.from({ length: 20 }, (_, i) => ({
      from: 0,
      to: 1,
      bytes: 5000,
      atUs: 10 * i,
    })),
    untilUs: 10_000_000,
    faults: { loss: 0.1, duplicate: 0.3 },
  });
  const registry = new MetricsRegistry();
  const { engine } = world.host(1);
  const metrics = new EngineMetrics(registry, 1);
  metrics.update(engine);
  metrics.update(engine);
  const values = new Map(
    registry
      .snapshot()
      .flatMap((metric) =>
        metric.kind === "histogram" ? [] : [[metric.name, metric.samples[0]?.value] as const],
      ),
  );
  expect(values.get("dcquic_payload_received_bytes_total")).toBe(100_000);
  expect(values.get("dcquic_received_packets_total")).toBe(engine.counters.packetsReceived);
  expect(values.get("dcquic_replayed_packets_total")).toBeGreaterThan(0);
  expect(values.get("dcquic_known_announcements_total")).toBeGreaterThan(0);
  // Of what is sent and of what is received; a proof or a late packet may need others.
  expect(values.get("dcquic_key_derivations_total")).toBeGreaterThanOrEqual(2);
  const repeated =
    engine.counters.pullsRepeatedFast +
    engine.counters.pullsRepeatedTimer +
    world.host(0).engine.counters.announcementsRepeatedFast +
    world.host(0).engine.counters.announcementsRepeatedTimer;
  expect(repeated).toBeGreaterThan(0);
  expect(values.get("dcquic_wire_efficiency_ratio")).toBeGreaterThan(0.5);
});
