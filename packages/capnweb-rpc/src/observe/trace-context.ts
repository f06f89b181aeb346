import { formatHex, type RandomSource } from "@proj/wire-types";

/** Where a call belongs: a trace, and the span that made it. W3C Trace Context, version 00. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** Whether the caller records the trace. */
  readonly sampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Parses a `traceparent`; `undefined` for what is none. A later version is read as far as version 00
 * goes, as the recommendation asks.
 */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  if (typeof text !== "string" || text.length > 512) return undefined;
  const [, version, traceId, spanId, flags, rest] = FORM.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Formats a `traceparent`. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** Makes a context for a call: part of the trace of `parent`, or the first of a new one. */
export function childTrace(parent: TraceContext | undefined, random: RandomSource): TraceContext {
  return {
    traceId: parent?.traceId ?? drawId(random, 16),
    spanId: drawId(random, 8),
    sampled: parent?.sampled ?? true,
  };
}

function drawId(random: RandomSource, bytes: number): string {
  const drawn = random.fill(new Uint8Array(bytes));
  // All zero means "none".
  if (drawn.every((byte) => byte === 0)) drawn[bytes - 1] = 1;
  return formatHex(drawn);
}
