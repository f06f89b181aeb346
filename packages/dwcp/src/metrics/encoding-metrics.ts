const RATIOS = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 1_000] as const;

/** What encoding, decoding and verifying come to. spec/dwcp.md B17 */
export const encodingMetrics = {
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
    buckets: RATIOS as readonly number[],
  },
  dwcp_integrity_failures_total: {
    type: "counter",
    help: "Bytes that were not what they should be: of a unit, of leaves of what was stored, of an object for good.",
    labels: ["stage"],
  },
  dwcp_hde_operations_total: {
    type: "counter",
    help: "Units that were encoded and decoded, and those that had to be again.",
    labels: ["operation", "result"],
  },
  dwcp_hde_delta_hit_rate_percent: {
    type: "gauge",
    help: "Units that refer to bytes which the peer has, of all that were sent.",
    labels: [],
  },
  dwcp_hde_baseline_count: {
    type: "gauge",
    help: "States that are kept: sent whole, or against another one.",
    labels: ["baseline_type"],
  },
  dwcp_hde_dictionary_efficiency_percent: {
    type: "gauge",
    help: "How much smaller samples become by the newest dictionary of their class, which were not trained with.",
    labels: ["resource_class"],
  },
  dwcp_hde_bytes_original_total: {
    type: "counter",
    help: "Bytes that were encoded.",
    labels: [],
  },
  dwcp_hde_bytes_compressed_total: {
    type: "counter",
    help: "Bytes that they were encoded to.",
    labels: [],
  },
} as const;
