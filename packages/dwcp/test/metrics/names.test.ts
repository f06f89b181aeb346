import { expect, test } from "@jest/globals";
import { DwcpMetricTable } from "@proj/dwcp";
import { readFileSync } from "node:fs";

const spec = readFileSync(new URL("../../../../docs/spec/dwcp.md", import.meta.url), "utf8");

/** Names of the prototype whose meaning holds, A4, in the order of its list. */
const keptNames = [
  "dwcp_amst_streams_active",
  "dwcp_amst_streams_total",
  "dwcp_amst_bytes_sent_total",
  "dwcp_amst_bytes_received_total",
  "dwcp_amst_errors_total",
  "dwcp_amst_bandwidth_utilization_percent",
  "dwcp_hde_compression_ratio",
  "dwcp_hde_operations_total",
  "dwcp_hde_delta_hit_rate_percent",
  "dwcp_hde_baseline_count",
  "dwcp_hde_dictionary_efficiency_percent",
  "dwcp_hde_bytes_original_total",
  "dwcp_hde_bytes_compressed_total",
  "dwcp_migration_duration_seconds",
  "dwcp_system_component_health",
  "dwcp_system_config_enabled",
  "dwcp_system_version_info",
];

test("B17: every metric that the specification adds is there", () => {
  const section = /^## B17\..*?(?=^## )/ms.exec(spec)?.[0] ?? "";
  const names = [...section.matchAll(/`(dwcp_\w+)/g)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !Object.hasOwn(DwcpMetricTable, name))).toEqual([]);
});

test("B17: every metric of the prototype that means something has its name", () => {
  expect(keptNames.filter((name) => !Object.hasOwn(DwcpMetricTable, name))).toEqual([]);
  const prototype = /^## A4\..*?(?=^## )/ms.exec(spec)?.[0] ?? "";
  for (const name of keptNames) expect(prototype).toContain(name.replace("dwcp_", ""));
});

test("B17: names and labels are those of Prometheus, and no label names a stream", () => {
  for (const [name, { type, labels, buckets }] of Object.entries(DwcpMetricTable)) {
    expect(name).toMatch(/^dwcp_[a-z_]+$/);
    expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    expect([name, buckets !== undefined]).toEqual([name, type === "histogram"]);
    expect(labels).not.toContain("node");
    expect(labels.some((label) => label.includes("stream"))).toBe(false);
  }
});
