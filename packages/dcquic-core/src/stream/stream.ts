import type { PathId } from "../engine/events.js";
import type { After } from "../engine/announce-options.js";
import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import { Status } from "../engine/status.js";
import type { Linked } from "../sched/linked-set.js";
import type { Id64 } from "../wire/id64.js";
import { Inbound, type InboundMessage, type QueueLimits } from "./inbound.js";
import type { PlacedAccept } from "../engine/puller.js";
import { Outbound } from "./outbound.js";
import { maxMessages, type PatternName } from "./pattern-rules.js";
import { NO_EXTRAS, StreamExtras } from "./stream-extras.js";

/** Why a stream is over. */
export interface StreamOutcome {
  /** One of spec/dcquic.md §15; 0 when both directions ended in order. */
  readonly status: number;
  /** What the peer gave as a reason, for people. */
  readonly reason: string;
  /** Token of the transfer with which a cascade began. */
  readonly rootCause: Id64 | undefined;
  /** Set where the message that opens the stream never came to an engine, so that another one may open it. */
  readonly isUntaken?: true;
}

/** What a stream tells whoever uses it. Nothing is called after `closed`. */
export interface StreamHandlers {
  /** The header block of the peer's direction; empty when it has none. */
  headers(block: Uint8Array): void;
  /** {@link Stream.take} has something, or the peer's direction is over. */
  readable(): void;
  /** There is room again after {@link Stream.isFull}. */
  writable(): void;
  /** The peer wants no more messages. */
  stopped(): void;
  /** The stream is over. */
  closed(outcome: StreamOutcome): void;
  /** `id` and `token` are known now: of an own stream, some time after its first message was sent. */
  opened?(): void;
}

/** What is sent in one message. */
export interface OutboundPayload {
  /** Bytes that belong to the stream from now on, or a filled buffer of which it takes a reference. */
  readonly payload: Uint8Array | RegisteredBuffer;
  /** Whether it is the last of its direction. */
  readonly isLast: boolean;
  /** Whether it is the header block. */
  readonly isHeaders: boolean;
  /** For the acceptor; with the opening transfer only. */
  readonly meta?: Uint8Array | undefined;
  /** What must come first; with the opening transfer only. */
  readonly after?: readonly After[] | undefined;
  /** Whether others may come after it; with the opening transfer only. */
  readonly track?: boolean | undefined;
  /** Is called once the engine took the payload, or never will: an own reference of a buffer can go. */
  readonly taken?: (() => void) | undefined;
}

/** Plain bytes of a message, verified as far as they can be. */
export interface PlacedRecord {
  /** The message's. */
  readonly transfer: Id64;
  /** Where they lie in the message. */
  readonly offset: number;
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Whether they lie in memory that was lent for them. */
  readonly inPlace: boolean;
}

/** Where records of the peer's message go as they arrive, in place of memory. */
export interface StreamPlacement extends PlacedAccept {
  /** Takes a record; its bytes are valid until `placed` was called. Records come in any order. */
  record(record: PlacedRecord): void;
}

/** How a stream is opened. */
export interface OpenOptions {
  /** Its pattern. */
  readonly pattern: PatternName;
  /** 0 to 7. */
  readonly priority: number;
  /** What is held for this side's reader; that of the layer if absent. */
  readonly queue?: QueueLimits | undefined;
  /** Whether messages are taken in the order in which they were sent. */
  readonly ordered: boolean;
  /** Who is told. */
  readonly handlers: StreamHandlers;
}

/** What a stream needs of its layer. */
export interface StreamHost {
  /** What a stream holds for its reader where nothing else is chosen. */
  readonly queue: QueueLimits;
  /** Announces a message once there is room. */
  submit(stream: Stream, payload: OutboundPayload, seq: number): void;
  /** Pulls a message. */
  pull(stream: Stream, message: InboundMessage): void;
  /** Notes that a message was used. */
  use(message: InboundMessage): void;
  /** Says that the own direction is over without another message, or that no more messages are wanted. */
  closeDirection(stream: Stream, scope: "sendDone" | "receiveDone"): void;
  /** Ends the stream on this side. */
  abort(stream: Stream, status: number, reason: string, rootCause?: Id64): void;
  /** Notes that something changed that may have ended the stream. */
  check(stream: Stream): void;
}

const NOTHING = new Uint8Array(0);
const nothing = (): void => {};
const SILENT: StreamHandlers = {
  headers: nothing,
  readable: nothing,
  writable: nothing,
  stopped: nothing,
  closed: nothing,
};

/**
 * One stream: an opening transfer and everything that follows in both directions.
 *
 * ```
 * opening ─announced─▶ open ─both directions ended and drained─▶ closed
 *    └──────── abort, of either side or of the path ───────────────▲
 * ```
 *
 * @see spec/dcquic.md §4, §15
 */
export class Stream implements Linked<Stream> {
  /** The path it runs on; another one of the same peer once it was moved. */
  path: PathId;
  /** Its pattern. */
  readonly pattern: PatternName;
  /** Whether this side opened it. */
  readonly isOpener: boolean;
  /** 0 to 7. */
  priority: number;
  /** The peer's direction. */
  readonly inbound: Inbound;
  /** The own direction. */
  readonly outbound: Outbound;
  /** Who is told. */
  handlers: StreamHandlers;
  /** The opening transfer's id at the opener, once it is announced. */
  id: Id64 | undefined;
  /** Its causality token, if it is tracked. */
  token: Id64 | undefined;
  /** How it ended. */
  outcome: StreamOutcome | undefined;
  /** Whether its opening is with the engine, and the peer has not answered it. */
  isUnanswered = false;
  /** See {@link Linked}: among own streams that have no id yet, or among those of its path. */
  previous: Stream | undefined;
  /** See {@link Linked}. */
  next: Stream | undefined;
  /** See {@link Linked}. */
  home: object | undefined;
  readonly #host: StreamHost;
  #extras: StreamExtras | undefined;
  // Whether it was told, or clear, what headers the peer's direction has.
  #headersTold = false;

  /** Makes a stream that nothing was sent on; `opened` says how this side opened it, and is absent where the peer did. */
  constructor(
    host: StreamHost,
    path: PathId,
    pattern: PatternName,
    priority: number,
    opened?: OpenOptions,
  ) {
    const limits = opened?.queue ?? host.queue;
    this.#host = host;
    this.path = path;
    this.pattern = pattern;
    this.isOpener = opened !== undefined;
    this.priority = priority;
    this.inbound = new Inbound(limits, maxMessages(pattern, this.isOpener ? "answerer" : "opener"));
    this.outbound = new Outbound(
      limits,
      maxMessages(pattern, this.isOpener ? "opener" : "answerer"),
    );
    if (opened?.ordered === false) this.inbound.configure(limits, false);
    this.handlers = opened?.handlers ?? SILENT;
  }

  /** What few streams have. */
  get extras(): Readonly<StreamExtras> {
    return this.#extras ?? NO_EXTRAS;
  }

  /** The same, to be written to: an object of its own is made for it. */
  get ownExtras(): StreamExtras {
    this.#extras ??= new StreamExtras();
    return this.#extras;
  }

  /** Where the records of its message go; memory if absent. */
  get placement(): StreamPlacement | undefined {
    return this.extras.placement;
  }

  set placement(placement: StreamPlacement | undefined) {
    this.ownExtras.placement = placement;
  }

  /** Is told how many wire bytes of an own bulk message the peer has, and how many there are. */
  get onProgress(): StreamExtras["onProgress"] {
    return this.extras.onProgress;
  }

  set onProgress(tell: StreamExtras["onProgress"]) {
    this.ownExtras.onProgress = tell;
  }

  /** Whether somebody is told. */
  get isAccepted(): boolean {
    return this.handlers !== SILENT;
  }

  /** Whether a writer should wait for `writable` before it sends more. */
  get isFull(): boolean {
    return this.outbound.isFull;
  }

  /**
   * Sends a message, whatever {@link Stream.isFull} says.
   *
   * @throws TypeError after the last message of the direction, or for more than the pattern allows.
   */
  send(payload: OutboundPayload): void {
    if (this.outcome !== undefined || this.outbound.isStopped) return;
    const seq = this.outbound.next(payload);
    this.#host.submit(this, payload, seq);
  }

  /** Ends the own direction without another message; harmless when it is over. */
  end(): void {
    if (this.outcome !== undefined || this.outbound.isEnded) return;
    this.outbound.finish();
    this.#host.closeDirection(this, "sendDone");
    this.#host.check(this);
  }

  /** The next whole message, or `undefined`. Give it back with {@link Stream.release} when it was used. */
  take(): InboundMessage | undefined {
    return this.inbound.take();
  }

  /** Notes that a taken message was used, so that its sender may send another one. */
  release(message: InboundMessage): void {
    this.inbound.released(message);
    this.#host.use(message);
    if (this.outcome !== undefined) return;
    this.pullMore();
    this.#host.check(this);
  }

  /** Tells the peer that no more of its messages are wanted; what waits is dropped. */
  stopReceiving(): void {
    if (this.outcome !== undefined || this.inbound.isOver) return;
    this.#host.closeDirection(this, "receiveDone");
  }

  /** Ends the stream at once, for both sides. */
  abort(status: number = Status.Cancelled, reason = "", rootCause?: Id64): void {
    if (this.outcome === undefined) this.#host.abort(this, status, reason, rootCause);
  }

  /** Tells and pulls what may be by now: of a stream of the peer nothing is before it was accepted. */
  begin(): void {
    this.tellNoHeaders();
    this.pullMore();
  }

  /** Tells once it is clear that the peer's direction has no header block. */
  tellNoHeaders(): void {
    if (this.#headersTold || this.inbound.hasHeaders === undefined) return;
    this.#headersTold = true;
    if (!this.inbound.hasHeaders) this.handlers.headers(NOTHING);
  }

  /** Pulls what the queue has room for. */
  pullMore(): void {
    for (
      let message = this.inbound.nextToPull();
      message !== undefined;
      message = this.inbound.nextToPull()
    ) {
      this.#host.pull(this, message);
    }
  }
}
