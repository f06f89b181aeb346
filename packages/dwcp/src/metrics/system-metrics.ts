const SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000] as const;
const ROUNDS = [1, 2, 3, 5, 8, 13, 20, 30, 50] as const;
const DOWNTIMES = [0.03, 0.1, 0.3, 1, 3, 10, 30] as const;

/** What a node is, and what becomes of its transfers and migrations. spec/dwcp.md B17 */
export const systemMetrics = {
  dwcp_system_config_enabled: {
    type: "gauge",
    help: "Whether DWCP is enabled.",
    labels: ["feature"],
  },
  dwcp_system_component_health: {
    type: "gauge",
    help: "0 down, 1 degraded, 2 healthy.",
    labels: ["component"],
  },
  dwcp_transport_info: {
    type: "gauge",
    help: "What carries sessions, and why it does.",
    labels: ["provider", "reason"],
  },
  dwcp_transfers_total: {
    type: "counter",
    help: "Transfers that ended, by their result: ok, or the code of the error.",
    labels: ["result"],
  },
  dwcp_transfers_running: { type: "gauge", help: "Transfers under way.", labels: [] },
  dwcp_transfer_duration_seconds: {
    type: "histogram",
    help: "From the request to the commit at the peer.",
    labels: ["kind", "result"],
    buckets: SECONDS as readonly number[],
  },
  dwcp_transfer_wire_bytes_total: {
    type: "counter",
    help: "Bytes of the frames that carried units of transfers that ended, well or not, with repeats.",
    labels: ["peer"],
  },
  dwcp_transfer_raw_bytes_total: {
    type: "counter",
    help: "Bytes of the objects that arrived at peers.",
    labels: ["peer"],
  },
  dwcp_received_bytes_total: {
    type: "counter",
    help: "Bytes of the objects that arrived here.",
    labels: [],
  },
  dwcp_plain_transfers_total: {
    type: "counter",
    help: "Transfers that went plainly, and why.",
    labels: ["reason"],
  },
  dwcp_migrations_running: {
    type: "gauge",
    help: "Live migrations that are not over.",
    labels: [],
  },
  dwcp_migrations_total: {
    type: "counter",
    help: "Live migrations that ended, by their result: ok, or the code of the error.",
    labels: ["result"],
  },
  dwcp_migration_rounds: {
    type: "histogram",
    help: "Rounds of a migration that came to its end.",
    labels: [],
    buckets: ROUNDS as readonly number[],
  },
  dwcp_migration_downtime_seconds: {
    type: "histogram",
    help: "How long a source stood still until its target had it.",
    labels: [],
    buckets: DOWNTIMES as readonly number[],
  },
  dwcp_system_version_info: {
    type: "gauge",
    help: "Which version of the protocol it speaks.",
    labels: ["protocol"],
  },
  dwcp_migration_duration_seconds: {
    type: "histogram",
    help: "From the request until the target had it, or it came to nothing.",
    labels: ["peer", "result"],
    buckets: SECONDS as readonly number[],
  },
} as const;
