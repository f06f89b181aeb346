/** One picture of the dashboard, and what it asks. */
export interface PanelSpec {
  /** Under which heading it stands. */
  readonly row: string;
  /** What it shows. */
  readonly title: string;
  /** What Grafana calls the unit. */
  readonly unit: string;
  /** PromQL. Names of metrics are those of `DwcpMetricTable`. */
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

const RATE = "[$__rate_interval]";

/** The panels of the dashboard, row by row. spec/dwcp.md B17 */
export const DwcpPanels: readonly PanelSpec[] = [
  panel(
    "State",
    "Health (0 down, 1 degraded, 2 healthy)",
    "none",
    "dwcp_system_component_health",
    "{{node}} {{component}}",
  ),
  panel("State", "Enabled", "none", "dwcp_system_config_enabled", "{{node}}"),
  panel("State", "Protocol", "none", "dwcp_system_version_info", "{{node}} {{protocol}}"),
  panel(
    "State",
    "What carries sessions",
    "none",
    "dwcp_transport_info",
    "{{node}} {{provider}}: {{reason}}",
  ),
  panel("Transfers", "Under way", "none", "dwcp_transfers_running", "{{node}}"),
  panel(
    "Transfers",
    "Ended, by result",
    "ops",
    `sum by (result) (rate(dwcp_transfers_total${RATE}))`,
    "{{result}}",
  ),
  panel(
    "Transfers",
    "95th percentile of the time of a transfer",
    "s",
    `histogram_quantile(0.95, sum by (le) (rate(dwcp_transfer_duration_seconds_bucket${RATE})))`,
    "p95",
  ),
  panel(
    "Transfers",
    "Plain transfers, by reason",
    "ops",
    `sum by (reason) (rate(dwcp_plain_transfers_total${RATE}))`,
    "{{reason}}",
  ),
  panel(
    "Bytes",
    "Objects sent",
    "Bps",
    `sum by (peer) (rate(dwcp_transfer_raw_bytes_total${RATE}))`,
    "{{peer}}",
  ),
  panel(
    "Bytes",
    "On the wire",
    "Bps",
    `sum by (peer) (rate(dwcp_transfer_wire_bytes_total${RATE}))`,
    "{{peer}}",
  ),
  panel(
    "Bytes",
    "Objects received",
    "Bps",
    `sum by (node) (rate(dwcp_received_bytes_total${RATE}))`,
    "{{node}}",
  ),
  panel(
    "Bytes",
    "Through sockets, sent",
    "Bps",
    `sum by (peer) (rate(dwcp_amst_bytes_sent_total${RATE}))`,
    "{{peer}}",
  ),
  panel(
    "Bytes",
    "Through sockets, received",
    "Bps",
    `sum by (peer) (rate(dwcp_amst_bytes_received_total${RATE}))`,
    "{{peer}}",
  ),
  panel(
    "Bytes",
    "Units, with repeats",
    "Bps",
    `sum by (peer) (rate(dwcp_amst_unit_bytes_total${RATE}))`,
    "{{peer}}",
  ),
  panel("Streams", "Sessions", "none", "sum by (node) (dwcp_sessions_active)", "{{node}}"),
  panel("Streams", "Streams", "none", "dwcp_amst_streams_active", "{{node}} {{peer}}"),
  {
    row: "Streams",
    title: "Streams of all sessions, and how many there may be",
    unit: "none",
    queries: [
      { expr: "sum by (node) (dwcp_amst_streams_active)", legend: "{{node}}" },
      { expr: "dwcp_amst_streams_limit", legend: "{{node}}, at most" },
    ],
  },
  panel(
    "Streams",
    "Streams refused to peers",
    "ops",
    `sum by (node) (rate(dwcp_amst_streams_refused_total${RATE}))`,
    "{{node}}",
  ),
  panel("Streams", "Goodput", "Bps", "dwcp_amst_goodput_bytes_per_second", "{{node}} {{peer}}"),
  panel("Streams", "Round trip", "s", "dwcp_amst_rtt_seconds", "{{peer}} {{kind}}"),
  panel("Streams", "Under way", "bytes", "dwcp_amst_inflight_bytes", "{{node}} {{peer}}"),
  panel(
    "Streams",
    "Units sent again",
    "ops",
    `sum by (reason) (rate(dwcp_amst_retransmitted_units_total${RATE}))`,
    "{{reason}}",
  ),
  panel(
    "Streams",
    "Streams that died",
    "ops",
    `sum by (reason) (rate(dwcp_amst_stream_deaths_total${RATE}))`,
    "{{reason}}",
  ),
  panel(
    "Streams",
    "Streams opened, and attempts that failed",
    "ops",
    `sum by (peer, result) (rate(dwcp_amst_streams_total${RATE}))`,
    "{{peer}} {{result}}",
  ),
  panel(
    "Streams",
    "Errors, by code",
    "ops",
    `sum by (error_type) (rate(dwcp_amst_errors_total${RATE}))`,
    "{{error_type}}",
  ),
  panel(
    "Streams",
    "Use of the path",
    "percent",
    "dwcp_amst_bandwidth_utilization_percent",
    "{{peer}}, {{source}}",
  ),
  panel(
    "Streams",
    "Changes of their number",
    "ops",
    `sum by (direction) (rate(dwcp_amst_stream_adjustments_total${RATE}))`,
    "{{direction}}",
  ),
  panel(
    "Streams",
    "Sessions that went on",
    "ops",
    `sum by (peer) (rate(dwcp_session_resumes_total${RATE}))`,
    "{{peer}}",
  ),
  panel(
    "Encoding",
    "Median ratio, original by sent",
    "none",
    `histogram_quantile(0.5, sum by (le) (rate(dwcp_hde_compression_ratio_bucket${RATE})))`,
    "median",
  ),
  panel(
    "Encoding",
    "Units, by codec",
    "ops",
    `sum by (codec) (rate(dwcp_hde_units_total${RATE}))`,
    "{{codec}}",
  ),
  panel(
    "Encoding",
    "Fallbacks",
    "ops",
    `sum by (reason) (rate(dwcp_hde_fallbacks_total${RATE}))`,
    "{{reason}}",
  ),
  panel(
    "Encoding",
    "Workers, by codec",
    "percentunit",
    `sum by (codec) (rate(dwcp_hde_encode_seconds_total${RATE}))`,
    "{{codec}}",
  ),
  panel(
    "Encoding",
    "Saved per second of a worker, by codec",
    "Bps",
    "avg by (kind, codec) (dwcp_hde_saved_bytes_per_second)",
    "{{kind}} {{codec}}",
  ),
  panel("Encoding", "Level", "none", "dwcp_hde_level", "{{node}}"),
  panel("Encoding", "Kept states", "bytes", "dwcp_hde_baseline_bytes", "{{node}}"),
  panel(
    "Encoding",
    "Kept states, by how they went",
    "none",
    "dwcp_hde_baseline_count",
    "{{node}} {{baseline_type}}",
  ),
  panel(
    "Encoding",
    "Units, encoded and decoded",
    "ops",
    `sum by (operation, result) (rate(dwcp_hde_operations_total${RATE}))`,
    "{{operation}} {{result}}",
  ),
  panel(
    "Encoding",
    "Units that refer to what the peer has",
    "percent",
    "dwcp_hde_delta_hit_rate_percent",
    "{{node}}",
  ),
  panel(
    "Encoding",
    "What dictionaries gain",
    "percent",
    "dwcp_hde_dictionary_efficiency_percent",
    "{{node}} {{resource_class}}",
  ),
  {
    row: "Encoding",
    title: "Bytes before encoding and after",
    unit: "Bps",
    queries: [
      {
        expr: `sum by (node) (rate(dwcp_hde_bytes_original_total${RATE}))`,
        legend: "{{node}} before",
      },
      {
        expr: `sum by (node) (rate(dwcp_hde_bytes_compressed_total${RATE}))`,
        legend: "{{node}} after",
      },
    ],
  },
  panel(
    "Encoding",
    "Failures of verification",
    "none",
    "sum by (node, stage) (increase(dwcp_integrity_failures_total[1h]))",
    "{{node}} {{stage}}",
  ),
  panel("Migrations", "Not over", "none", "dwcp_migrations_running", "{{node}}"),
  panel(
    "Migrations",
    "Ended, by result",
    "ops",
    `sum by (result) (rate(dwcp_migrations_total${RATE}))`,
    "{{result}}",
  ),
  panel(
    "Migrations",
    "Median of rounds",
    "none",
    `histogram_quantile(0.5, sum by (le) (rate(dwcp_migration_rounds_bucket${RATE})))`,
    "median",
  ),
  panel(
    "Migrations",
    "95th percentile of the time of a migration",
    "s",
    `histogram_quantile(0.95, sum by (le) (rate(dwcp_migration_duration_seconds_bucket${RATE})))`,
    "p95",
  ),
  panel(
    "Migrations",
    "95th percentile of standing still",
    "s",
    `histogram_quantile(0.95, sum by (le) (rate(dwcp_migration_downtime_seconds_bucket${RATE})))`,
    "p95",
  ),
];

function panel(row: string, title: string, unit: string, expr: string, legend: string): PanelSpec {
  return { row, title, unit, queries: [{ expr, legend }] };
}
