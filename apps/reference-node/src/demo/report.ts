import { classifyValue, type Value, type ValueMap } from "@proj/ether-codecs";
import { formatTable } from "../cli/text-table.js";
import { formatBytes, formatDuration } from "../cli/units.js";
import type { ChainResult } from "./call-chain.js";
import type { StopResult } from "./stop-result.js";

const heads = [
  "what",
  "codec",
  "mode",
  "over",
  "body",
  "on the wire",
  "ratio",
  "frames",
  "latency",
  "MiB/s",
  "HTTP/2",
  "XCP:HTTP/2",
];

/** Writes the results as a table: bytes, ratios, times, beside HTTP/2. */
export function formatResults(results: readonly StopResult[]): string {
  const rows = results.map((result) => [
    result.what,
    result.codec,
    result.mode,
    result.transport,
    formatBytes(result.bodyBytes),
    formatBytes(result.wireBytes),
    (result.wireBytes / result.bodyBytes).toFixed(2),
    String(result.frames),
    formatDuration(result.latencyUs),
    (result.bodyBytes / 1_048_576 / (result.latencyUs / 1e6)).toFixed(0),
    formatDuration(result.http2.latencyUs),
    (result.latencyUs / result.http2.latencyUs).toFixed(2),
  ]);
  return formatTable(heads, rows, { right: [4, 5, 6, 7, 8, 9, 10, 11] });
}

/** Tells what one round trip did, and what it takes without pipelining. */
export function formatChain(chain: ChainResult): string {
  const { calls, roundTripMs, session } = chain;
  const rows = (["pipelined", "http"] as const).map((way) => [
    way === "http" ? "HTTP, a request per call" : "Cap'n Web, pipelined",
    String(chain[way].roundTrips),
    formatDuration(chain[way].latencyUs),
  ]);
  return [
    `${calls.length} dependent calls to the control API, over ${roundTripMs} ms there and back:`,
    `  ${calls.join(" → ")}`,
    "",
    formatTable(["way", "round trips", "time"], rows, { right: [1, 2] }),
    `Both ways ended at session ${session.id} of ${session.agent}, over ${session.transport}.`,
    "",
  ].join("\n");
}

/** Says in a few lines what the receiver computed: each content once, whatever way it came. */
export function formatSummaries(results: readonly StopResult[]): string {
  const told = new Map<string, string>();
  for (const { what, summary } of results) {
    const line = summaryLine(summary);
    if (line !== undefined && !told.has(what) && !what.startsWith("…")) told.set(what, line);
  }
  return [...told].map(([what, line]) => `  ${what}: ${line}\n`).join("");
}

function summaryLine(summary: ValueMap): string | undefined {
  const { rows, columns, width, height, average_colour: colour, shape, elements, words } = summary;
  if (rows !== undefined) return `${numberText(rows)} rows; ${columnLines(columns)}`;
  if (width !== undefined)
    return `${numberText(width)}×${numberText(height)} pixels, average colour ${listText(colour)}`;
  const numbers = asMap(elements);
  if (shape !== undefined) return `shape ${listText(shape)}, mean ${numberText(numbers["mean"])}`;
  return words === undefined ? undefined : `${numberText(words)} words`;
}

function columnLines(columns: Value | undefined): string {
  return Object.entries(asMap(columns))
    .map(([name, column]) => columnText(name, asMap(column)))
    .join("; ");
}

function columnText(name: string, column: ValueMap): string {
  if (column["mean"] !== undefined) return `mean ${name} ${numberText(column["mean"])}`;
  const top = Array.isArray(column["top"]) ? asMap((column["top"] as Value[])[0]) : {};
  if (top["text"] === undefined || column["distinct"] === undefined) return `${name} many`;
  const mean = Object.entries(top).find(([key]) => key.startsWith("mean "));
  const told = mean === undefined ? "" : `, ${mean[0]} ${numberText(mean[1])}`;
  return `${numberText(column["distinct"])} of ${name}, most often ${plainText(top["text"])} (${numberText(top["rows"])} rows${told})`;
}

function asMap(value: Value | undefined): ValueMap {
  const classified = classifyValue(value);
  return classified?.kind === "map" ? classified.value : {};
}

function numberText(value: Value | undefined): string {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : "-";
}

function plainText(value: Value | undefined): string {
  return typeof value === "string" ? value : "-";
}

function listText(value: Value | undefined): string {
  return `[${Array.from((value ?? []) as Iterable<number>).join(", ")}]`;
}
