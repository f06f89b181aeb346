import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { MetricName } from "@proj/dwcp";
import { DwcpManager, type PeerAddress } from "@proj/dwcp/node";
import { until } from "@proj/wire-types/testing";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const key = randomBytes(32);
const RATE_BITS = 400_000_000;

let folder: string;
let receiver: DwcpManager;
let sender: DwcpManager;
let peer: PeerAddress;
let labels: { readonly peer: string };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-metrics-"));
  receiver = manage({ id: "receiver", listen: "127.0.0.1:0" }, 0, "store");
  sender = manage({ id: "sender" }, RATE_BITS, "kept");
  await Promise.all([receiver.start(), sender.start()]);
  if (receiver.address === undefined) throw new Error("it listens");
  peer = receiver.address;
  labels = { peer: `${peer.host}:${peer.port}` };
});

afterEach(async () => {
  await Promise.all([sender.stop(), receiver.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function manage(node: object, pacingRateBitsPerSecond: number, name: string): DwcpManager {
  const config = {
    enabled: true,
    node,
    transport: {
      minStreams: 2,
      initialStreams: 2,
      maxStreams: 4,
      connectTimeoutMs: 1_000,
      sessionTtlMs: 1_000,
      shutdownTimeoutMs: 1_000,
      pacingRateBitsPerSecond,
    },
    compression: { workers: 1 },
  };
  const path = join(folder, name);
  return new DwcpManager({
    config,
    key,
    ...(name === "store" ? { store: path } : { baselines: path }),
  });
}

function value(name: MetricName, of: Record<string, string> = {}, at = sender): number {
  return at.metrics.value(name, of);
}

test("B17: operations, bytes before and after, hits and kept states follow two generations", async () => {
  const first = randomBytes(2_000_000);
  await sender.transfer(peer, { key: "k", generation: 1, from: first });
  expect(value("dwcp_hde_delta_hit_rate_percent")).toBe(0);
  expect(value("dwcp_hde_bytes_original_total")).toBe(first.length);
  const after = value("dwcp_hde_bytes_compressed_total");
  expect(after).toBeGreaterThanOrEqual(first.length);
  const second = Buffer.from(first);
  second.fill(1, 500_000, 504_096);
  await sender.transfer(peer, { key: "k", generation: 2, from: second });
  expect(value("dwcp_hde_bytes_original_total")).toBe(first.length + second.length);
  expect(value("dwcp_hde_bytes_compressed_total")).toBeLessThan(after + 100_000);
  expect(value("dwcp_hde_delta_hit_rate_percent")).toBeGreaterThan(0);

  const encoded = value("dwcp_hde_operations_total", { operation: "encode", result: "ok" });
  const decoded = { operation: "decode", result: "ok" };
  expect(encoded).toBeGreaterThan(1);
  expect(value("dwcp_hde_operations_total", decoded, receiver)).toBe(encoded);
  expect(value("dwcp_hde_baseline_count", { baseline_type: "delta" })).toBe(1);
  expect(value("dwcp_system_version_info", { protocol: "1.0" })).toBe(1);
});

test("B17: streams that are opened, attempts that fail, and errors by code are counted", async () => {
  await sender.transfer(peer, { key: "k", from: randomBytes(100_000) });
  await until(
    () => value("dwcp_amst_streams_total", { ...labels, result: "attached" }) >= 2,
    "both streams",
  );
  expect(value("dwcp_amst_streams_total", { ...labels, result: "failed" })).toBe(0);
  expect(value("dwcp_amst_errors_total", { error_type: "dwcp.timeout" })).toBe(0);

  const nowhere = { host: "127.0.0.1", port: 1 };
  const lost = await sender
    .transfer(nowhere, { key: "k", from: key })
    .catch((error: unknown) => error);
  const { code } = lost as { readonly code: string };
  expect(code).toMatch(/^dwcp\./);
  const failed = { peer: "127.0.0.1:1", result: "failed" };
  expect(value("dwcp_amst_streams_total", failed)).toBeGreaterThan(0);
  expect(value("dwcp_amst_errors_total", { error_type: code })).toBe(1);
});

test("B17: the use of a path is told of what is configured, or else of what was measured", async () => {
  await sender.transfer(peer, { key: "k", from: randomBytes(3_000_000) });
  const configured = { ...labels, source: "configured" };
  const used = value("dwcp_amst_bandwidth_utilization_percent", configured);
  const goodput = value("dwcp_amst_goodput_bytes_per_second", labels);
  expect(used).toBeGreaterThan(0);
  // Both are read within a moment of each other, while what arrived grows older.
  expect(Math.abs(used - (100 * goodput * 8) / RATE_BITS)).toBeLessThan(used / 4);
  expect(sender.metrics.render()).not.toContain('source="estimated"');
  await receiver.transfer(peer, { key: "back", from: randomBytes(1_000_000) });
  expect(receiver.metrics.render()).toContain('source="estimated"');
});
