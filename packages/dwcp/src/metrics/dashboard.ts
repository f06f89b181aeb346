import { DwcpMetricTable, type MetricName } from "./metric-table.js";

/** One picture of the dashboard, and what it asks. */
export interface PanelSpec {
  /** Under which heading it stands. */
  readonly row: string;
  /** What it shows. */
  readonly title: string;
  /** What Grafana calls the unit. */
  readonly unit: string;
  /** PromQL. Names of metrics are those of {@link DwcpMetricTable}. */
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

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
    "95th percentile of standing still",
    "s",
    `histogram_quantile(0.95, sum by (le) (rate(dwcp_migration_downtime_seconds_bucket${RATE})))`,
    "p95",
  ),
];

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
];

const COLUMNS = 3;
const WIDTH = 8;
const HEIGHT = 8;

/** Makes the dashboard, as Grafana imports it. */
export function grafanaDashboard(): object {
  const panels: object[] = [];
  let y = 0;
  let id = 1;
  for (const row of new Set(DwcpPanels.map((spec) => spec.row))) {
    const inRow = DwcpPanels.filter((spec) => spec.row === row);
    panels.push({ id: id++, type: "row", title: row, gridPos: { x: 0, y: y++, w: 24, h: 1 } });
    for (const [i, { title, unit, queries }] of inRow.entries()) {
      panels.push({
        id: id++,
        type: "timeseries",
        title,
        datasource: { type: "prometheus", uid: "${datasource}" },
        gridPos: {
          x: (i % COLUMNS) * WIDTH,
          y: y + Math.floor(i / COLUMNS) * HEIGHT,
          w: WIDTH,
          h: HEIGHT,
        },
        fieldConfig: { defaults: { unit }, overrides: [] },
        targets: queries.map(({ expr, legend }, n) => ({
          refId: String.fromCharCode(65 + n),
          expr,
          legendFormat: legend,
        })),
      });
    }
    y += Math.ceil(inRow.length / COLUMNS) * HEIGHT;
  }
  return {
    title: "DWCP",
    uid: "dwcp",
    schemaVersion: 39,
    time: { from: "now-6h", to: "now" },
    refresh: "30s",
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }] },
    panels,
  };
}

/** Makes the alert rules, as Prometheus loads them: its files are YAML, and JSON is YAML. */
export function prometheusAlerts(): object {
  const rules = DwcpAlerts.map(({ name, severity, expr, for: duration, summary }) => ({
    alert: name,
    expr,
    for: duration,
    labels: { severity },
    annotations: { summary },
  }));
  return { groups: [{ name: "dwcp", rules }] };
}

/** Finds the metrics that a query names; `undefined` for a name that no node has. */
export function metricsIn(expr: string): readonly (MetricName | undefined)[] {
  return [...expr.matchAll(/\bdwcp_\w+/g)].map(([word]) => {
    const name = word.replace(/_(?:bucket|sum|count)$/, "");
    if (Object.hasOwn(DwcpMetricTable, word)) return word as MetricName;
    const isPart =
      Object.hasOwn(DwcpMetricTable, name) &&
      DwcpMetricTable[name as MetricName].type === "histogram";
    return isPart ? (name as MetricName) : undefined;
  });
}

function panel(row: string, title: string, unit: string, expr: string, legend: string): PanelSpec {
  return { row, title, unit, queries: [{ expr, legend }] };
}
