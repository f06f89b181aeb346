import { expect, test } from "@jest/globals";
import { PoolMetrics } from "@proj/dcquic-core";
import { MetricsRegistry } from "@proj/wire-types";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { localPool } from "../support/udp-pools.js";

const from = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../../docs/${path}`, import.meta.url)), "utf8");

/** What §21 lists, and the metrics that tell it. */
const LISTED: Readonly<Record<string, readonly string[]>> = {
  "queue depth per priority": ["queued_announcements"],
  "ring waits": ["waits_total", "waiting_messages"],
  "bytes and packets in/out": [
    "sent_packets_total",
    "sent_bytes_total",
    "received_packets_total",
    "received_bytes_total",
  ],
  "goodput ratio": ["receive_goodput_ratio", "payload_sent_bytes_total"],
  "wire efficiency": ["wire_efficiency_ratio"],
  "retransmissions by phase and reason (timer / fast / integrity)": [
    "repeated_announcements_timer_total",
    "repeated_announcements_fast_total",
    "repeated_challenges_timer_total",
    "repeated_pulls_timer_total",
    "repeated_pulls_fast_total",
    "repeated_pulls_integrity_total",
    "repeated_chunks_timer_total",
    "repeated_closes_timer_total",
    "repeated_closes_fast_total",
  ],
  "spurious retransmissions (duplicate bytes received)": ["duplicate_bytes_total"],
  "pulls outstanding": ["pulls_outstanding_bytes"],
  "credit waits": ["credit_waits_total"],
  "inline refused": ["inline_refused_total"],
  challenges: ["challenges_total"],
  "replays dropped by layer": [
    "replayed_packets_total",
    "below_window_packets_total",
    "known_announcements_total",
  ],
  "open failures": ["open_failures_total"],
  "key rotations and derivations": ["key_rotations_total", "key_derivations_total"],
  handshakes: ["handshakes_total"],
  "health transitions": ["peer_state_changes_total"],
  "BBR state/bw/rtt/cwnd": [
    "bbr_paths",
    "bbr_bandwidth_bytes_per_second",
    "path_rtt_seconds",
    "bbr_window_bytes",
  ],
  ECN: ["ce_marks_total"],
  "NIC utilisation": ["nic_utilisation_ratio"],
  "kernel drops": ["kernel_drops_total"],
  "GSO/GRO batch sizes": ["sent_batches_total", "received_batches_total"],
  "buffer pool use": ["buffer_bytes"],
  "causality slots": ["causality_slots"],
  "RMA reads/errors": ["rma_reads_total", "rma_read_errors_total"],
  "poll iterations": ["poll_iterations_total"],
  "loop-gap histogram": ["loop_gaps_total"],
  "latency histograms per priority": ["call_duration_seconds"],
};

/** All metrics of a pool that was measured once. */
async function measured(): Promise<readonly string[]> {
  const registry = new MetricsRegistry();
  const pool = await localPool({ meter: registry });
  await new PoolMetrics(registry).update(pool);
  await pool.close();
  return registry.snapshot().map(({ name }) => name);
}

test("§21: everything that the list of metrics names is told", async () => {
  const section = /^Metrics \(counter[^]*?\n(?=Tracing)/m.exec(from("spec/dcquic.md"))?.[0] ?? "";
  const list = section.slice(section.indexOf(":") + 1).replaceAll(/\s+/g, " ");
  const items = list.split(/,|\.\s*$/).map((item) => item.trim());
  expect(items.filter(Boolean)).toEqual(Object.keys(LISTED));
  const names = await measured();
  const missing = Object.values(LISTED)
    .flat()
    .filter((name) => !names.includes(`dcquic_${name}`));
  expect(missing).toEqual([]);
});

test("§25: the guide names every metric, and none that there is not", async () => {
  const told = new Set(from("guide/dcquic-operation.md").match(/\bdcquic_[a-z_]+[a-z]\b(?!\*)/g));
  expect([...told].toSorted()).toEqual((await measured()).toSorted());
});
