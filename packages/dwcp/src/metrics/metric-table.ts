/** One metric: what it counts, for people and for programs. */
export interface MetricSpec {
  /** As Prometheus has it. */
  readonly type: "counter" | "gauge" | "histogram";
  /** What it counts, for people. */
  readonly help: string;
  /** Labels beside `node`. Never the number of a stream: that would make series without end. */
  readonly labels: readonly string[];
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000] as const;
const ROUNDS = [1, 2, 3, 5, 8, 13, 20, 30, 50] as const;
const DOWNTIMES = [0.03, 0.1, 0.3, 1, 3, 10, 30] as const;
const RATIOS = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 1_000] as const;

/** Every metric of a node: dashboards, alerts and documents are made from it. spec/dwcp.md B17 */
export const DwcpMetricTable: {
  readonly [
    name in
      | "dwcp_system_config_enabled"
      | "dwcp_system_component_health"
      | "dwcp_transport_info"
      | "dwcp_transfers_total"
      | "dwcp_transfers_running"
      | "dwcp_transfer_duration_seconds"
      | "dwcp_transfer_wire_bytes_total"
      | "dwcp_transfer_raw_bytes_total"
      | "dwcp_received_bytes_total"
      | "dwcp_hde_units_total"
      | "dwcp_hde_encode_seconds_total"
      | "dwcp_hde_saved_bytes_per_second"
      | "dwcp_hde_level"
      | "dwcp_hde_baseline_bytes"
      | "dwcp_hde_fallbacks_total"
      | "dwcp_hde_compression_ratio"
      | "dwcp_integrity_failures_total"
      | "dwcp_plain_transfers_total"
      | "dwcp_migrations_running"
      | "dwcp_migrations_total"
      | "dwcp_migration_rounds"
      | "dwcp_migration_downtime_seconds"
      | "dwcp_sessions_active"
      | "dwcp_amst_streams_active"
      | "dwcp_amst_goodput_bytes_per_second"
      | "dwcp_amst_rtt_seconds"
      | "dwcp_amst_inflight_bytes"
      | "dwcp_amst_bytes_sent_total"
      | "dwcp_amst_bytes_received_total"
      | "dwcp_amst_unit_bytes_total"
      | "dwcp_amst_retransmitted_units_total"
      | "dwcp_amst_stream_deaths_total"
      | "dwcp_amst_stream_adjustments_total"
      | "dwcp_session_resumes_total"
  ]: MetricSpec;
} = {
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
    buckets: SECONDS,
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
  dwcp_hde_units_total: { type: "counter", help: "Units sent, by codec.", labels: ["codec"] },
  dwcp_hde_encode_seconds_total: {
    type: "counter",
    help: "Time that workers took to encode, by the codec that was chosen.",
    labels: ["codec"],
  },
  dwcp_hde_saved_bytes_per_second: {
    type: "gauge",
    help: "Bytes that did not have to be sent, per second of a worker, lately: by kind of object, codec and level.",
    labels: ["kind", "codec", "level"],
  },
  dwcp_hde_level: {
    type: "gauge",
    help: "The level that was encoded at last.",
    labels: [],
  },
  dwcp_hde_baseline_bytes: {
    type: "gauge",
    help: "Bytes of the states that are kept to send the next ones against.",
    labels: [],
  },
  dwcp_hde_fallbacks_total: {
    type: "counter",
    help: "How often units were encoded again: because the peer lacked something or could not use it, or a worker died.",
    labels: ["reason"],
  },
  dwcp_hde_compression_ratio: {
    type: "histogram",
    help: "Original bytes by sent bytes of a transfer.",
    labels: [],
    buckets: RATIOS,
  },
  dwcp_integrity_failures_total: {
    type: "counter",
    help: "Bytes that were not what they should be: of a unit, of leaves of what was stored, of an object for good.",
    labels: ["stage"],
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
    buckets: ROUNDS,
  },
  dwcp_migration_downtime_seconds: {
    type: "histogram",
    help: "How long a source stood still until its target had it.",
    labels: [],
    buckets: DOWNTIMES,
  },
  dwcp_sessions_active: { type: "gauge", help: "Sessions that are not over.", labels: ["peer"] },
  dwcp_amst_streams_active: { type: "gauge", help: "Streams that are attached.", labels: ["peer"] },
  dwcp_amst_goodput_bytes_per_second: {
    type: "gauge",
    help: "Bytes of units that arrived at the peer, over the last five seconds.",
    labels: ["peer"],
  },
  dwcp_amst_rtt_seconds: {
    type: "gauge",
    help: "Round trip, as acknowledgements tell it.",
    labels: ["peer", "kind"],
  },
  dwcp_amst_inflight_bytes: {
    type: "gauge",
    help: "Bytes of units that were sent and neither acknowledged nor given up.",
    labels: ["peer"],
  },
  dwcp_amst_bytes_sent_total: {
    type: "counter",
    help: "Bytes that sockets took, of whatever kind; under TLS before encryption.",
    labels: ["peer"],
  },
  dwcp_amst_bytes_received_total: {
    type: "counter",
    help: "Bytes that sockets gave, of whatever kind; under TLS after decryption.",
    labels: ["peer"],
  },
  dwcp_amst_unit_bytes_total: {
    type: "counter",
    help: "Bytes of all frames of units that were sent, with repeats.",
    labels: ["peer"],
  },
  dwcp_amst_retransmitted_units_total: {
    type: "counter",
    help: "Units that were sent again, and why.",
    labels: ["peer", "reason"],
  },
  dwcp_amst_stream_deaths_total: {
    type: "counter",
    help: "Streams that ended without anybody here wanting it, and how.",
    labels: ["peer", "reason"],
  },
  dwcp_amst_stream_adjustments_total: {
    type: "counter",
    help: "Changes of the wanted number of streams.",
    labels: ["peer", "direction"],
  },
  dwcp_session_resumes_total: {
    type: "counter",
    help: "How often a session went on after its last stream was gone.",
    labels: ["peer"],
  },
};

/** The name of a metric. */
export type MetricName = keyof typeof DwcpMetricTable;
