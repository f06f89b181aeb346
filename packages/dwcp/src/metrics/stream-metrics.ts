/** What sessions and streams do. spec/dwcp.md B17 */
export const streamMetrics = {
  dwcp_sessions_active: { type: "gauge", help: "Sessions that are not over.", labels: ["peer"] },
  dwcp_amst_streams_active: { type: "gauge", help: "Streams that are attached.", labels: ["peer"] },
  dwcp_amst_streams_limit: {
    type: "gauge",
    help: "Streams that all sessions together may have.",
    labels: [],
  },
  dwcp_amst_streams_refused_total: {
    type: "counter",
    help: "Streams that peers asked for beyond their share of those that all sessions may have.",
    labels: [],
  },
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
  dwcp_amst_streams_total: {
    type: "counter",
    help: "Streams that were opened, and attempts that came to nothing.",
    labels: ["peer", "result"],
  },
  dwcp_amst_errors_total: {
    type: "counter",
    help: "What ended transfers, migrations and streams that nobody wanted to end, by code.",
    labels: ["error_type"],
  },
  dwcp_amst_bandwidth_utilization_percent: {
    type: "gauge",
    help: "Goodput, of what the path may carry: as configured, or as it was measured lately.",
    labels: ["peer", "source"],
  },
} as const;
