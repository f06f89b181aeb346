import type { TraceFailure, TraceMoment, TraceSpan, TraceSpanKind } from "./trace-span.js";

/** A value as OTLP/JSON writes it: 64-bit integers are strings. */
export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number };

/** A named value. */
export interface OtlpAttribute {
  /** Its name. */
  readonly key: string;
  /** What it is. */
  readonly value: OtlpValue;
}

/** A moment of a span. */
export interface OtlpEvent {
  /** ns since 1970. */
  readonly timeUnixNano: string;
  /** What happened. */
  readonly name: string;
}

/** A span of the same or another trace that it belongs with. */
export interface OtlpLink {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

/** A span as OTLP/JSON has it. */
export interface OtlpSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits; absent for the root of a trace. */
  readonly parentSpanId?: string;
  /** W3C trace flags, and whether the parent is remote. */
  readonly flags: number;
  /** What it is of. */
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** ns since 1970. */
  readonly startTimeUnixNano: string;
  /** ns since 1970. */
  readonly endTimeUnixNano: string;
  /** Small facts. */
  readonly attributes: readonly OtlpAttribute[];
  /** What happened within. */
  readonly events: readonly OtlpEvent[];
  /** What it belongs with. */
  readonly links: readonly OtlpLink[];
  /** 0 unset, 2 error. */
  readonly status: { readonly code: 0 | 2; readonly message?: string };
}

/** Spans of one resource and one library: what a collector takes at `/v1/traces`. */
export interface OtlpTraces {
  /** One entry. */
  readonly resourceSpans: readonly {
    /** Whose they are. */
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    /** One entry. */
    readonly scopeSpans: readonly {
      /** What made them. */
      readonly scope: { readonly name: string };
      /** The spans. */
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

/** What {@link otlpTraces} cannot know. */
export interface OtlpOptions {
  /** What the program calls itself: `service.name`. */
  readonly serviceName: string;
  /** What to add to the time of an event for µs since 1970: `unixEpochUs` of `@proj/dcquic-core/node`. */
  readonly epochUs: number;
  /** Further facts about the program: `service.instance.id`, `host.name`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>;
}

const SCOPE = "@proj/dcquic-core";
const KINDS: Readonly<Record<TraceSpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const SAMPLED = 0x1;
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
const UNSET = 0;
const ERROR = 2;

/**
 * Puts spans into the shape of OTLP/JSON, as `JSON.stringify` is to write it and a collector takes it by HTTP. Nothing of
 * OpenTelemetry is needed for it.
 *
 * @see spec/dcquic.md §21
 */
export function otlpTraces(spans: readonly TraceSpan[], options: OtlpOptions): OtlpTraces {
  const { epochUs, resource, serviceName } = options;
  const attributes = attributesOf({ "service.name": serviceName, ...resource });
  const scoped = { scope: { name: SCOPE }, spans: spans.map((span) => otlpSpan(span, epochUs)) };
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [scoped] }] };
}

function otlpSpan(span: TraceSpan, epochUs: number): OtlpSpan {
  const { failure, isParentRemote, parentSpanId } = span;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    flags: SAMPLED | KNOWS_REMOTE | (isParentRemote ? IS_REMOTE : 0),
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: unixNano(span.startUs, epochUs),
    endTimeUnixNano: unixNano(span.endUs, epochUs),
    attributes: attributesOf({ ...span.attributes, ...failureAttributes(failure) }),
    events: span.moments.map((moment) => otlpEvent(moment, epochUs)),
    links: span.links,
    status: failure === undefined ? { code: UNSET } : { code: ERROR, message: failure.message },
  };
}

function otlpEvent({ name, tUs }: TraceMoment, epochUs: number): OtlpEvent {
  return { timeUnixNano: unixNano(tUs, epochUs), name: `dcquic.transfer.${name}` };
}

function failureAttributes(failure: TraceFailure | undefined): Record<string, string | number> {
  if (failure === undefined) return {};
  const { status, type } = failure;
  return { "error.type": type, ...(status === undefined ? {} : { "dcquic.status": status }) };
}

function attributesOf(
  facts: Readonly<Record<string, string | number | boolean>>,
): readonly OtlpAttribute[] {
  return Object.entries(facts).map(([key, value]) => ({ key, value: otlpValue(value) }));
}

function otlpValue(value: string | number | boolean): OtlpValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

// Whole microseconds: ns since 1970 are more than a number holds.
function unixNano(tUs: number, epochUs: number): string {
  return `${Math.max(0, Math.round(tUs + epochUs))}000`;
}
