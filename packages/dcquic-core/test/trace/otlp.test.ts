import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { type OtlpTraces, otlpTraces, Status, type TraceSpan } from "@proj/dcquic-core";
import { unixEpochUs } from "@proj/dcquic-core/node";
import protobuf from "protobufjs";
import { runUntil, simPools } from "../support/sim-pools.js";
import { traced } from "../support/traced.js";

const REQUEST = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest";
const descriptors = new URL("../../vectors/otlp-trace.json", import.meta.url);
const root = protobuf.Root.fromJSON(JSON.parse(readFileSync(descriptors, "utf8")));
root.resolveAll();
const request = root.lookupType(REQUEST);

const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

// What JSON may hold for a field of Protocol Buffers, where OTLP says so: ids in hex, 64-bit numbers as strings, enums as numbers.
const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  double: (value) => typeof value === "number",
  int64: (value) => typeof value === "string" && /^-?\d+$/.test(value),
  fixed64: (value) => typeof value === "string" && /^\d+$/.test(value),
  uint32: (value) => Number.isInteger(value),
  fixed32: (value) => Number.isInteger(value),
  bytes: (value) => typeof value === "string" && /^(?:[0-9a-f]{16}){1,2}$/.test(value),
};

/** What of a value is not as the official messages say. */
function misfits(type: protobuf.Type, value: unknown, at: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [`${at} is no object`];
  const fields = new Map(type.fieldsArray.map((field) => [camel(field.name), field]));
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const field = fields.get(key);
    if (field === undefined) return [`${at}.${key} is no field of ${type.name}`];
    if (!field.repeated) return misfit(field, inner, `${at}.${key}`);
    if (!Array.isArray(inner)) return [`${at}.${key} is no list`];
    return inner.flatMap((each, index) => misfit(field, each, `${at}.${key}[${index}]`));
  });
}

function misfit(field: protobuf.Field, value: unknown, at: string): readonly string[] {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return misfits(resolvedType, value, at);
  const fits =
    resolvedType instanceof protobuf.Enum
      ? resolvedType.valuesById[Number(value)] !== undefined && typeof value === "number"
      : FITS[field.type]?.(value) === true;
  return fits ? [] : [`${at} is ${JSON.stringify(value)}, no ${field.type}`];
}

/** Spans of calls that went well and badly. */
async function someSpans(): Promise<readonly TraceSpan[]> {
  const pools = simPools();
  pools.pool(1).serve({
    accept: async (incoming) => {
      if (incoming.meta.length > 0) incoming.reject(Status.Overloaded);
      else await incoming.reply((await incoming.request()).bytes);
    },
  });
  const sides = [traced(pools.pool(0)), traced(pools.pool(1))];
  const caller = pools.pool(0);
  const refused = caller.unaryRpc("1", new Uint8Array(3), { meta: new Uint8Array(1) }).response;
  const call = caller.unaryRpc("1", new Uint8Array(50_000), { track: true });
  await runUntil(pools, Promise.allSettled([refused, call.response]));
  for (const { book } of sides) book.close();
  return sides.flatMap(({ spans }) => spans);
}

const told = await someSpans();
const traces = otlpTraces(told, {
  serviceName: "rack",
  epochUs: 1_700_000_000_000_000,
  resource: { "service.instance.id": "7", "host.cpus": 2, share: 0.5, spare: true },
});

const spansOf = ({ resourceSpans }: OtlpTraces) =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));

test("§21: what a collector is sent has the official messages' fields, each of its type", () => {
  const parsed: unknown = JSON.parse(JSON.stringify(traces));
  expect(misfits(request, parsed, "")).toEqual([]);
  expect(spansOf(traces)).toHaveLength(told.length);
});

test.each([
  ["a field that there is not", { resourceSpans: [{ resources: {} }] }],
  [
    "a time that is a number",
    { resourceSpans: [{ scopeSpans: [{ spans: [{ startTimeUnixNano: 1 }] }] }] },
  ],
  ["a kind that there is not", { resourceSpans: [{ scopeSpans: [{ spans: [{ kind: 9 }] }] }] }],
  ["an id in base64", { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "q80=" }] }] }] }],
])("the judge of that finds %s", (_, wrong) => {
  expect(misfits(request, wrong, "")).toHaveLength(1);
});

test("§21: protobuf.js writes it, and reads the same again", () => {
  const bytes = (hex: string): string => Buffer.from(hex, "hex").toString("base64");
  const ids = new Set(["traceId", "spanId", "parentSpanId"]);
  const json = JSON.stringify(traces, (key, value: unknown) =>
    ids.has(key) ? bytes(String(value)) : value,
  );
  // protobuf.js keeps names as the definitions have them, unless told otherwise.
  const snake = json.replaceAll(
    /"([A-Za-z]+)":/g,
    (_, name: string) => `"${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}":`,
  );
  const message = request.fromObject(JSON.parse(snake) as Record<string, unknown>);
  const again = request.toObject(request.decode(request.encode(message).finish()), {
    longs: String,
    bytes: String,
    arrays: true,
  });
  const [first] = (again as { resource_spans: { scope_spans: { spans: unknown[] }[] }[] })
    .resource_spans;
  const spans = first?.scope_spans[0]?.spans ?? [];
  expect(spans).toHaveLength(told.length);
  const [sent] = spansOf(traces);
  expect(spans[0]).toMatchObject({
    trace_id: bytes(sent?.traceId ?? ""),
    span_id: bytes(sent?.spanId ?? ""),
    name: sent?.name,
    kind: sent?.kind,
    start_time_unix_nano: sent?.startTimeUnixNano,
  });
});

test("§21: kinds, times, parents, statuses and attributes are those of the spans", () => {
  const spans = spansOf(traces);
  const client = spans.find(({ kind, status }) => kind === 3 && status.code === 0);
  const server = spans.find(({ kind, traceId }) => kind === 2 && traceId === client?.traceId);
  expect(client?.parentSpanId).toBeUndefined();
  expect(server?.parentSpanId).toBe(client?.spanId);
  expect([client?.flags, server?.flags]).toEqual([0x101, 0x301]);
  expect(client?.startTimeUnixNano).toMatch(/^17\d{14}000$/);
  expect(BigInt(client?.endTimeUnixNano ?? 0)).toBeGreaterThan(
    BigInt(client?.startTimeUnixNano ?? 0),
  );
  const refused = spans.find(({ kind, status }) => kind === 3 && status.code === 2);
  expect(refused?.status.message).toBe("dcquic.overloaded (status 3)");
  expect(refused?.attributes).toContainEqual({
    key: "error.type",
    value: { stringValue: "dcquic.overloaded" },
  });
  expect(refused?.attributes).toContainEqual({ key: "dcquic.status", value: { intValue: "3" } });
  expect(traces.resourceSpans[0]?.resource.attributes).toEqual([
    { key: "service.name", value: { stringValue: "rack" } },
    { key: "service.instance.id", value: { stringValue: "7" } },
    { key: "host.cpus", value: { intValue: "2" } },
    { key: "share", value: { doubleValue: 0.5 } },
    { key: "spare", value: { boolValue: true } },
  ]);
  const message = spans.find(({ kind }) => kind === 4);
  expect(message?.events.map(({ name }) => name)).toContain("dcquic.transfer.announced");
  expect(message?.links).toHaveLength(1);
});

test("the time of an event and the epoch are the time of day", () => {
  const nowUs = performance.now() * 1000 + unixEpochUs();
  expect(Math.abs(nowUs / 1000 - Date.now())).toBeLessThan(100);
});
