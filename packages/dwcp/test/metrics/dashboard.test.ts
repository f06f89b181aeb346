import { expect, test } from "@jest/globals";
import {
  DwcpAlerts,
  DwcpMetricTable,
  DwcpPanels,
  grafanaDashboard,
  metricsIn,
  MetricsBook,
  prometheusAlerts,
} from "@proj/dwcp";
import { readFileSync } from "node:fs";

const file = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../dashboards/${name}`, import.meta.url), "utf8"));

test("B17: every query of the dashboard and of the alerts names metrics that there are", () => {
  const queries = [
    ...DwcpPanels.flatMap((panel) => panel.queries.map(({ expr }) => expr)),
    ...DwcpAlerts.map(({ expr }) => expr),
  ];
  for (const expr of queries) {
    const named = metricsIn(expr);
    expect(named.length).toBeGreaterThan(0);
    expect([expr, named.includes(undefined)]).toEqual([expr, false]);
  }
  expect(metricsIn("rate(dwcp_nothing_total[5m])")).toEqual([undefined]);
  expect(metricsIn("dwcp_transfers_running_bucket")).toEqual([undefined]);
});

test("every metric is shown", () => {
  const shown = new Set(
    DwcpPanels.flatMap((panel) => panel.queries.flatMap(({ expr }) => metricsIn(expr))),
  );
  expect(Object.keys(DwcpMetricTable).filter((name) => !shown.has(name as never))).toEqual([]);
});

test("the files in dashboards/ are those that the description makes", () => {
  expect(file("dwcp-dashboard.json")).toEqual(JSON.parse(JSON.stringify(grafanaDashboard())));
  expect(file("dwcp-alerts.json")).toEqual(JSON.parse(JSON.stringify(prometheusAlerts())));
});

test("labels are those of the description, and their values are escaped", () => {
  const book = new MetricsBook('a"b');
  book.add("dwcp_transfers_total", { result: "x\ny\\" });
  expect(book.render()).toContain('dwcp_transfers_total{node="a\\"b",result="x\\ny\\\\"} 1');
  expect(() => book.add("dwcp_transfers_total", { stream: "3" })).toThrow(TypeError);
  book.observe("dwcp_hde_compression_ratio", {}, 3.5);
  const text = book.render();
  expect(text).toContain('dwcp_hde_compression_ratio_bucket{node="a\\"b",le="3"} 0');
  expect(text).toContain('dwcp_hde_compression_ratio_bucket{node="a\\"b",le="4"} 1');
  expect(text).toContain('dwcp_hde_compression_ratio_count{node="a\\"b"} 1');
});

test("the page about running a node says of every alert what to look at", () => {
  const page = new URL("../../../../docs/guide/dwcp-operation.md", import.meta.url);
  const named = new Set(readFileSync(page, "utf8").match(/`Dwcp\w+`/g));
  const missing = DwcpAlerts.filter(({ name }) => !named.has(`\`${name}\``));
  expect(missing).toEqual([]);
});
