import { dcquicCodeOf } from "../errors.js";
import { Status } from "../engine/status.js";
import type { Subscriber } from "../events/event-bus.js";
import { type DcquicEvent, EventGroup } from "../events/event-groups.js";
import { type MessageEnd, OpenMessage } from "./open-message.js";
import { OpenStream } from "./open-stream.js";
import { SpanBatch, type TraceExport } from "./span-batch.js";
import { cutFailure, type TraceCut, type TraceFailure } from "./trace-span.js";

/** How a {@link TraceBook} is kept. */
export interface TraceBookOptions {
  /** Takes spans that ended, in batches; they are kept no longer. */
  readonly export: TraceExport;
  /** Streams and messages that are followed at a time: the oldest stream is given up for a new one. 16,384 if absent. */
  readonly maxOpen?: number;
  /** Spans that are handed on together; 512 if absent. */
  readonly batchSpans?: number;
  /** How long a span waits for others, on the clock of the events; 1,000,000 µs if absent. */
  readonly batchUs?: number;
  /** Whether phases of transfers are spans of their own, or only moments of their message's; spans if absent. */
  readonly phases?: "spans" | "moments";
}

/** What a {@link TraceBook} counted. */
export interface TraceBookStats {
  /** Streams and messages that are followed now. */
  readonly open: number;
  /** Spans that ended. */
  readonly ended: number;
  /** Streams and messages whose end nobody saw, by why. */
  readonly cut: Readonly<Record<TraceCut, number>>;
  /** Messages of streams that are not followed: they began before, or were given up. */
  readonly untraced: number;
  /** Spans that the exporter lost. */
  readonly lost: number;
}

const DEFAULT_OPEN = 16_384;
const DEFAULT_BATCH = 512;
const DEFAULT_BATCH_US = 1_000_000;

// The phase that an event begins.
const PHASES: Readonly<Record<string, string>> = {
  "transfer.announced": "announced",
  "transfer.accepted": "accepted",
  "transfer.serving": "serving",
  "transfer.pulling": "pulling",
  "transfer.receiving": "receiving",
};
const ENDS: Readonly<Record<string, MessageEnd>> = {
  "transfer.drained": "drained",
  "transfer.delivered": "delivered",
};

/**
 * Makes spans of the events of a pool: of its streams, of their messages, and of the phases of those messages' transfers. It is a
 * subscriber, has no clock, and keeps nothing but what is open, up to a ceiling, and one batch of what ended.
 *
 * ```
 * stream ─ message ─ queued ▸ announced ▸ accepted ▸ serving   (announcer; ends as drained or failed)
 *                  ─ offered ▸ pulling ▸ receiving             (puller; ends as delivered or failed)
 * ```
 *
 * @see spec/dcquic.md §21, decision 0175
 */
export class TraceBook implements Subscriber {
  /** See {@link Subscriber}. */
  readonly mask: number = EventGroup.stream | EventGroup.transfer | EventGroup.worker;
  /** See {@link Subscriber}. */
  readonly level = "debug";
  readonly #maxOpen: number;
  readonly #parts: "message" | "phases";
  readonly #batch: SpanBatch;
  // In the order in which they began.
  readonly #streams = new Map<string, OpenStream>();
  readonly #messages = new Map<string, OpenMessage>();
  readonly #cut = { eventsDropped: 0, ceiling: 0, closed: 0, superseded: 0 };
  #ended = 0;
  #untraced = 0;
  #nowUs = 0;

  /** @throws RangeError for a ceiling or a batch of nothing. */
  constructor(options: TraceBookOptions) {
    const { maxOpen = DEFAULT_OPEN, batchSpans = DEFAULT_BATCH } = options;
    if (!(maxOpen >= 1) || !(batchSpans >= 1)) {
      throw new RangeError(`${maxOpen} open spans, ${batchSpans} in a batch: at least 1`);
    }
    this.#maxOpen = maxOpen;
    this.#parts = options.phases === "moments" ? "message" : "phases";
    this.#batch = new SpanBatch(options.export, batchSpans, options.batchUs ?? DEFAULT_BATCH_US);
  }

  /** What it counted. */
  get stats(): TraceBookStats {
    return {
      open: this.#open,
      ended: this.#ended,
      cut: { ...this.#cut },
      untraced: this.#untraced,
      lost: this.#batch.lost,
    };
  }

  /** See {@link Subscriber}. */
  onEvent(event: DcquicEvent): void {
    this.#nowUs = Math.max(this.#nowUs, event.tUs);
    if (event.group === "stream") this.#onStream(event);
    else if (event.group === "transfer") this.#onTransfer(event);
    // Which spans the dropped ones would have ended nobody knows: better all ends unknown than some open for ever.
    else if (event.kind === "worker.eventsDropped") this.#cutAll("eventsDropped");
    this.#batch.at(this.#nowUs);
  }

  /** Hands on what ended. */
  flush(): void {
    this.#batch.flush();
  }

  /** Ends what is open, as of now, and hands everything on: when the subscription is over. */
  close(): void {
    this.#cutAll("closed");
    this.flush();
  }

  get #open(): number {
    return this.#streams.size + this.#messages.size;
  }

  #onStream(event: DcquicEvent): void {
    const { details, kind, worker } = event;
    const key = `${worker}.${details["stream"] ?? ""}`;
    const known = this.#streams.get(key);
    if (kind === "stream.opened") {
      if (known !== undefined) this.#cutStream(key, known, "superseded");
      this.#makeRoom();
      this.#streams.set(key, new OpenStream(event));
    } else if (kind === "stream.message") this.#onMessage(event, known);
    else if (kind === "stream.ended" && known !== undefined) {
      const failure = failureOf(details["status"]);
      this.#endStream(key, known, failure, failure ?? "unwanted");
    }
  }

  #onMessage(event: DcquicEvent, stream: OpenStream | undefined): void {
    const { details } = event;
    const key = transferKey(event);
    const before = this.#messages.get(key);
    if (before !== undefined) this.#cutMessage(key, before, "superseded");
    if (stream !== undefined) this.#makeRoom();
    // Room may have been made of this very stream.
    if (stream === undefined || stream.isOver) {
      this.#untraced += 1;
      return;
    }
    const message = new OpenMessage(stream, event);
    this.#messages.set(key, message);
    stream.messages.set(key, message);
    if (details["isWhole"] === "yes") this.#endMessage(key, message, "delivered");
  }

  #onTransfer(event: DcquicEvent): void {
    const { details, kind, tUs } = event;
    const key = transferKey(event);
    const message = this.#messages.get(key);
    if (message === undefined) return;
    const phase = PHASES[kind];
    const end = ENDS[kind];
    // What the engine told when it could was so at its own time.
    const atUs = Math.min(tUs, Number(details["atUs"] ?? tUs));
    if (phase !== undefined) message.reached(atUs, phase);
    else if (end !== undefined) this.#endMessage(key, message, end);
    else if (kind === "transfer.failed") {
      this.#endMessage(key, message, failureOf(details["status"]) ?? "unwanted");
    }
  }

  #makeRoom(): void {
    while (this.#open >= this.#maxOpen) {
      const [oldest] = this.#streams;
      if (oldest === undefined) return;
      this.#cutStream(...oldest, "ceiling");
    }
  }

  #cutAll(cut: TraceCut): void {
    for (const [key, stream] of this.#streams) this.#cutStream(key, stream, cut);
  }

  #cutStream(key: string, stream: OpenStream, cut: TraceCut): void {
    this.#cut[cut] += 1 + stream.messages.size;
    this.#endStream(key, stream, cutFailure(cut), cutFailure(cut));
  }

  #cutMessage(key: string, message: OpenMessage, cut: TraceCut): void {
    this.#cut[cut] += 1;
    this.#endMessage(key, message, cutFailure(cut));
  }

  #endStream(
    key: string,
    stream: OpenStream,
    failure: TraceFailure | undefined,
    messages: MessageEnd | TraceFailure,
  ): void {
    for (const [each, message] of stream.messages) this.#endMessage(each, message, messages);
    this.#streams.delete(key);
    this.#ended += 1;
    this.#batch.add(this.#nowUs, stream.end(this.#nowUs, failure));
  }

  #endMessage(key: string, message: OpenMessage, how: MessageEnd | TraceFailure): void {
    this.#messages.delete(key);
    message.stream.messages.delete(key);
    for (const span of message.end(this.#nowUs, how, this.#parts)) {
      this.#ended += 1;
      this.#batch.add(this.#nowUs, span);
    }
  }
}

function transferKey({ worker, details }: DcquicEvent): string {
  return `${worker}.${details["transfer"] ?? ""}`;
}

function failureOf(told: string | number | undefined): TraceFailure | undefined {
  const status = Number(told ?? Status.Protocol);
  if (status === Status.Ok) return undefined;
  const type = dcquicCodeOf(status);
  return { type, status, message: `${type} (status ${status})` };
}
