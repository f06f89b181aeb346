/** What part a span's side has. */
export type TraceSpanKind = "client" | "server" | "producer" | "consumer" | "internal";

/** A moment within a span. */
export interface TraceMoment {
  /** What happened. */
  readonly name: string;
  /** When; µs on the clock of the events. */
  readonly tUs: number;
}

/** A span of another side of the same trace. */
export interface TraceLink {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

/** How something ended that did not end in order. */
export interface TraceFailure {
  /** A code of `DcquicCodes`, or one of {@link TraceCut} after `dcquic.trace.`. */
  readonly type: string;
  /** The status of spec/dcquic.md §15, where there is one. */
  readonly status: number | undefined;
  /** For people. */
  readonly message: string;
}

/** Why the end of a span is not known. */
export type TraceCut = "eventsDropped" | "ceiling" | "closed" | "superseded";

/** A span that ended: of a stream, of one of its messages, or of a phase of that message's transfer. */
export interface TraceSpan {
  /** 32 hex digits; both ends of a stream have the same. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** The span it is part of; absent for a stream at its opener. */
  readonly parentSpanId: string | undefined;
  /** Whether that one is of the other side. */
  readonly isParentRemote: boolean;
  /** `dcquic.unary`, `dcquic.message`, `dcquic.transfer.serving`. */
  readonly name: string;
  /** Its side. */
  readonly kind: TraceSpanKind;
  /** When it began; µs on the clock of the events. */
  readonly startUs: number;
  /** When it ended; never before it began. */
  readonly endUs: number;
  /** Small facts, in the words of OpenTelemetry's conventions where those have any. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** What happened within, in order. */
  readonly moments: readonly TraceMoment[];
  /** The span of the same message at its announcer, at its puller. */
  readonly links: readonly TraceLink[];
  /** How it failed; absent where it ended in order. */
  readonly failure: TraceFailure | undefined;
}

const CUT_MESSAGES: Readonly<Record<TraceCut, string>> = {
  eventsDropped: "events were dropped: its end is not known",
  ceiling: "too many spans were open: its end is not known",
  closed: "nobody traced it to its end",
  superseded: "its transfer's id came again: its end is not known",
};

/** How a span failed whose end nobody saw. */
export function cutFailure(cut: TraceCut): TraceFailure {
  return { type: `dcquic.trace.${cut}`, status: undefined, message: CUT_MESSAGES[cut] };
}
