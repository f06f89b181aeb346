import { DwcpAlerts } from "./alerts.js";
import { DwcpMetricTable, type MetricName } from "./metric-table.js";
import { DwcpPanels } from "./panels.js";

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
