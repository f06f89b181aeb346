import type { DcquicEvent } from "../events/event-groups.js";
import type { OpenStream } from "./open-stream.js";
import { namedSpanId } from "./trace-ids.js";
import type { TraceFailure, TraceLink, TraceMoment, TraceSpan } from "./trace-span.js";

/** How the transfer of a message ended, where that is no failure. */
export type MessageEnd = "drained" | "delivered" | "unwanted";

/** A message that is not over, on one of its sides: where its transfer came to, and when. */
export class OpenMessage {
  /** Its stream. */
  readonly stream: OpenStream;
  readonly #isAnnouncer: boolean;
  readonly #name: string;
  readonly #details: DcquicEvent["details"];
  readonly #phases: TraceMoment[];

  /** Takes `stream.message` of a stream that is not over. */
  constructor(stream: OpenStream, { tUs, details }: DcquicEvent) {
    this.stream = stream;
    this.#details = details;
    this.#isAnnouncer = details["side"] === "announcer";
    const direction = stream.isOpener === this.#isAnnouncer ? "request" : "answer";
    this.#name = `${direction} ${String(details["messageSeq"] ?? 0)}`;
    const first = this.#isAnnouncer ? "queued" : "offered";
    this.#phases = [{ name: first, tUs: Math.max(tUs, stream.startUs) }];
  }

  /** Its transfer came to a phase; each is told once. */
  reached(tUs: number, name: string): void {
    if (this.#phases.some((phase) => phase.name === name)) return;
    this.#phases.push({ name, tUs: Math.max(tUs, this.#latestUs) });
  }

  /** Its span, once it is over, and those of its phases. */
  end(tUs: number, how: MessageEnd | TraceFailure, parts: "message" | "phases"): TraceSpan[] {
    const endUs = Math.max(tUs, this.#latestUs);
    this.stream.latestUs = Math.max(this.stream.latestUs, endUs);
    const failure = typeof how === "string" ? undefined : how;
    const last = typeof how === "string" ? how : "failed";
    const whole = this.#whole(endUs, last, failure);
    return parts === "message" ? [whole] : [whole, ...this.#phaseSpans(whole, failure)];
  }

  get #latestUs(): number {
    return this.#phases.at(-1)?.tUs ?? this.stream.startUs;
  }

  #whole(endUs: number, last: string, failure: TraceFailure | undefined): TraceSpan {
    const { traceId, spanId } = this.stream;
    const [own, other] = this.#isAnnouncer ? ["announcer", "puller"] : ["puller", "announcer"];
    const link: TraceLink = { traceId, spanId: this.#spanIdAt(other ?? "") };
    return {
      traceId,
      spanId: this.#spanIdAt(own ?? ""),
      parentSpanId: spanId,
      isParentRemote: false,
      name: "dcquic.message",
      kind: this.#isAnnouncer ? "producer" : "consumer",
      startUs: this.#phases[0]?.tUs ?? endUs,
      endUs,
      attributes: this.#attributes(),
      moments: [...this.#phases, { name: last, tUs: endUs }],
      links: [link],
      failure,
    };
  }

  // Each lasts until the next: the last one is what the message was at when it ended.
  #phaseSpans(whole: TraceSpan, failure: TraceFailure | undefined): TraceSpan[] {
    return this.#phases.map(({ name, tUs }, index) => {
      const next = this.#phases[index + 1];
      return {
        ...whole,
        spanId: namedSpanId(whole.traceId, `${whole.spanId} ${name}`),
        parentSpanId: whole.spanId,
        name: `dcquic.transfer.${name}`,
        kind: "internal",
        startUs: tUs,
        endUs: next?.tUs ?? whole.endUs,
        attributes: { "dcquic.transfer.id": String(this.#details["transfer"] ?? "") },
        moments: [],
        links: [],
        failure: next === undefined ? failure : undefined,
      };
    });
  }

  #spanIdAt(side: string): string {
    return namedSpanId(this.stream.traceId, `${this.#name} ${side}`);
  }

  #attributes(): TraceSpan["attributes"] {
    const { byteLength, isHeaders, messageSeq, transfer } = this.#details;
    return {
      "rpc.message.type": this.#isAnnouncer ? "SENT" : "RECEIVED",
      // OpenTelemetry counts from one.
      "rpc.message.id": Number(messageSeq ?? 0) + 1,
      "rpc.message.uncompressed_size": Number(byteLength ?? 0),
      "dcquic.message.is_headers": isHeaders === "yes",
      "dcquic.transfer.id": String(transfer ?? ""),
    };
  }
}
