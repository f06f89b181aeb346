/** A rule by which somebody is woken, or told in the morning. */
export interface AlertSpec {
  /** Of the rule. */
  readonly name: string;
  /** Whether somebody is woken. */
  readonly severity: "warning" | "critical";
  /** PromQL that holds where something is wrong. */
  readonly expr: string;
  /** For how long it has to hold. */
  readonly for: string;
  /** What is wrong, for people. */
  readonly summary: string;
}

/** The alert rules. spec/dwcp.md A4, B17 */
export const DwcpAlerts: readonly AlertSpec[] = [
  {
    name: "DwcpDown",
    severity: "critical",
    expr: "dwcp_system_component_health == 0",
    for: "2m",
    summary: "DWCP on {{ $labels.node }} is down.",
  },
  {
    name: "DwcpDegraded",
    severity: "warning",
    expr: "dwcp_system_component_health == 1",
    for: "5m",
    summary: "DWCP on {{ $labels.node }} is degraded.",
  },
  {
    name: "DwcpTransfersFail",
    severity: "warning",
    expr: 'sum by (node) (rate(dwcp_transfers_total{result!="ok"}[5m])) / sum by (node) (rate(dwcp_transfers_total[5m])) > 0.05',
    for: "5m",
    summary: "More than one in twenty transfers of {{ $labels.node }} fails.",
  },
  {
    name: "DwcpIntegrity",
    severity: "critical",
    expr: 'increase(dwcp_integrity_failures_total{stage="object"}[15m]) > 0',
    for: "0m",
    summary: "A transfer of {{ $labels.node }} did not become what was sent, twice repaired.",
  },
  {
    name: "DwcpRatioLow",
    severity: "warning",
    expr: "histogram_quantile(0.5, sum by (le, node) (rate(dwcp_hde_compression_ratio_bucket[10m]))) < 1.1",
    for: "30m",
    summary: "What {{ $labels.node }} sends hardly shrinks.",
  },
  {
    name: "DwcpFallbacks",
    severity: "warning",
    expr: "rate(dwcp_hde_fallbacks_total[15m]) > 0.1",
    for: "15m",
    summary: "Peers of {{ $labels.node }} lack baselines that it counts on.",
  },
  {
    name: "DwcpStreamsDie",
    severity: "warning",
    expr: "sum by (node, peer) (rate(dwcp_amst_stream_deaths_total[5m])) > 0.2",
    for: "5m",
    summary:
      "Streams between {{ $labels.node }} and {{ $labels.peer }} break more than once in five seconds.",
  },
  {
    name: "DwcpStreamsShort",
    severity: "warning",
    expr: "sum by (node) (dwcp_amst_streams_active) >= on (node) sum by (node) (dwcp_amst_streams_limit)",
    for: "15m",
    summary: "Sessions of {{ $labels.node }} share all the streams that it may have.",
  },
  {
    name: "DwcpRepeats",
    severity: "warning",
    expr: "sum by (node, peer) (rate(dwcp_amst_unit_bytes_total[15m])) > 1e6 and sum by (node, peer) (rate(dwcp_amst_retransmitted_units_total[15m])) > 10",
    for: "15m",
    summary: "{{ $labels.node }} sends many units to {{ $labels.peer }} again.",
  },
  {
    name: "DwcpResumes",
    severity: "warning",
    expr: "increase(dwcp_session_resumes_total[15m]) > 5",
    for: "0m",
    summary:
      "The way from {{ $labels.node }} to {{ $labels.peer }} breaks altogether, again and again.",
  },
  {
    name: "DwcpUnitsCorrupt",
    severity: "warning",
    expr: 'increase(dwcp_integrity_failures_total{stage!="object"}[15m]) > 10',
    for: "0m",
    summary: "Much of what comes to {{ $labels.node }} is damaged on its way, and repaired.",
  },
  {
    name: "DwcpDowntime",
    severity: "warning",
    expr: "histogram_quantile(0.95, sum by (le, node) (rate(dwcp_migration_downtime_seconds_bucket[1h]))) > 1",
    for: "0m",
    summary: "Machines that {{ $labels.node }} moves stand still for more than a second.",
  },
  {
    name: "DwcpPlain",
    severity: "warning",
    expr: 'increase(dwcp_plain_transfers_total{reason!="disabled"}[15m]) > 0',
    for: "0m",
    summary: "{{ $labels.node }} sends plainly: a peer speaks no DWCP.",
  },
  {
    name: "DwcpErrors",
    severity: "warning",
    expr: "sum by (node) (rate(dwcp_amst_errors_total[5m])) > 0.2",
    for: "5m",
    summary: "Something ends by an error on {{ $labels.node }} more than once in five seconds.",
  },
  {
    name: "DwcpMigrationsSlow",
    severity: "warning",
    expr: "histogram_quantile(0.95, sum by (le, node) (rate(dwcp_migration_duration_seconds_bucket[1h]))) > 1000",
    for: "0m",
    summary: "Migrations of {{ $labels.node }} take longer than a quarter of an hour.",
  },
  {
    name: "DwcpPathUnused",
    severity: "warning",
    expr: 'dwcp_amst_bandwidth_utilization_percent{source="configured"} < 50 and on (node) dwcp_transfers_running > 0',
    for: "15m",
    summary:
      "{{ $labels.node }} sends to {{ $labels.peer }} at less than half of the configured rate.",
  },
  {
    name: "DwcpManyBaselines",
    severity: "warning",
    expr: "sum by (node) (dwcp_hde_baseline_count) > 1000",
    for: "15m",
    summary: "{{ $labels.node }} keeps more than a thousand states.",
  },
];
