import {
  TraceBook,
  type TraceBookOptions,
  type TraceSpan,
  type TransportPool,
} from "@proj/dcquic-core";

/** What is traced of one pool. */
export interface Traced {
  /** Makes the spans. */
  readonly book: TraceBook;
  /** Those that ended. */
  readonly spans: TraceSpan[];
  /** Ends the subscription. */
  readonly stop: () => void;
}

/** Traces a pool. */
export function traced(pool: TransportPool, options: Partial<TraceBookOptions> = {}): Traced {
  const spans: TraceSpan[] = [];
  const book = new TraceBook({ export: (batch) => spans.push(...batch), ...options });
  return { book, spans, stop: pool.subscribe(book) };
}

/** What is wrong with the spans of several sides that were traced from their beginning: nothing, it is hoped. */
export function spanProblems(sides: readonly (readonly TraceSpan[])[]): readonly string[] {
  const all = new Map(sides.flat().map((span) => [nameOf(span.traceId, span.spanId), span]));
  const problems = sides.flatMap((spans) => spans.flatMap((span) => problemsOf(span, spans, all)));
  const twice = sides.flat().length - all.size;
  return twice === 0 ? problems : [...problems, `${twice} span ids come again`];
}

function problemsOf(
  span: TraceSpan,
  own: readonly TraceSpan[],
  all: ReadonlyMap<string, TraceSpan>,
): readonly string[] {
  const problems: string[] = [];
  const note = (text: string): void => void problems.push(`${span.name} ${span.spanId}: ${text}`);
  if (!/^[0-9a-f]{32}$/.test(span.traceId) || /^0+$/.test(span.traceId)) note(span.traceId);
  if (!/^[0-9a-f]{16}$/.test(span.spanId) || /^0+$/.test(span.spanId)) note("no id");
  if (span.endUs < span.startUs) note(`ends at ${span.endUs}, before ${span.startUs}`);
  for (const [index, { tUs }] of span.moments.entries()) {
    const before = span.moments[index - 1]?.tUs ?? span.startUs;
    if (tUs < before || tUs > span.endUs) note(`a moment at ${tUs}`);
  }
  if (span.parentSpanId === undefined) {
    if (span.kind !== "client") note("no parent");
    return problems;
  }
  const parent = all.get(nameOf(span.traceId, span.parentSpanId));
  if (parent === undefined) note(`there is no ${span.parentSpanId}`);
  else if (own.includes(parent) === span.isParentRemote) note("the parent is on the wrong side");
  else if (!span.isParentRemote && !isWithin(span, parent)) note("outlives its parent");
  return problems;
}

// Ids of spans are those of one trace.
function nameOf(traceId: string, spanId: string): string {
  return `${traceId} ${spanId}`;
}

function isWithin(span: TraceSpan, parent: TraceSpan): boolean {
  return span.startUs >= parent.startUs && span.endUs <= parent.endUs;
}
