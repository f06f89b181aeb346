import type { Machine } from "./machine.js";
import type { CaseResult, Metric, PeerResult } from "./result.js";
import type { Spread } from "./statistics.js";
import { type Fact, formatTarget } from "./target.js";
import type { CpuState } from "./wakeful-cpus.js";

const metricName: Readonly<Record<Metric, string>> = {
  p50: "p50 ours/peer",
  throughput: "throughput ours/peer",
  cpu: "CPU ours/peer",
};

/** Writes the lines above the tables: the question, the machine and what its cores do. */
export function formatHeader(
  suite: { readonly name: string; readonly question: string },
  machine: Machine,
  cpus: CpuState,
): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${suite.name}: ${suite.question}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}`,
    `${versions.join(", ")}, commit ${machine.commit}`,
    cpus.kind === "awake" ? "cores kept awake" : `cores free to sleep (${cpus.why})`,
  ].join("\n");
}

/** Writes one case as a table. */
export function formatCase(result: CaseResult): string {
  const head = [
    "",
    "p50",
    "p99",
    "calls/s",
    "MiB/s",
    "CPU/call",
    metricName[result.compared],
    "quartiles",
    "target",
    "",
  ];
  const rows = result.peers.map((peer) => [
    peer.name,
    formatUs(peer.p50Us),
    formatUs(peer.p99Us),
    formatNumber(peer.callsPerSecond),
    peer.mibPerSecond === undefined ? "" : formatNumber(peer.mibPerSecond),
    formatUs(peer.cpuUsPerCall),
    ...ratioCells(peer, result.compared),
  ]);
  return `\n${result.name} (${result.rounds} rounds)\n${formatTable([head, ...rows])}`;
}

/** Writes measured facts, one a line. */
export function formatFacts(facts: readonly (Fact & { readonly met?: boolean })[]): string {
  const rows = facts.map((fact) => [
    fact.name,
    `${formatNumber(fact.value)} ${fact.unit}`,
    formatTarget(fact.target),
    verdict(fact.met),
  ]);
  return `\n${formatTable([["", "measured", "target", ""], ...rows])}`;
}

function ratioCells(peer: PeerResult, compared: Metric): string[] {
  const spread: Spread | undefined = peer.ratios?.[compared];
  if (spread === undefined) return ["", "", "", ""];
  return [
    spread.median.toFixed(3),
    `${spread.q1.toFixed(3)}–${spread.q3.toFixed(3)}`,
    formatTarget(peer.target),
    verdict(peer.met),
  ];
}

function verdict(met: boolean | undefined): string {
  if (met === undefined) return "";
  return met ? "met" : "missed";
}

/** Writes a duration given in microseconds with a unit that suits it. */
function formatUs(us: number): string {
  if (us < 1) return `${formatNumber(us * 1000)} ns`;
  if (us < 1000) return `${formatNumber(us)} µs`;
  return `${formatNumber(us / 1000)} ms`;
}

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
