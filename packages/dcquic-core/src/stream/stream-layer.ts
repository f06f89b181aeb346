import type { EngineEvent, PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import { CloseScope, Shape } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import { BySlot } from "./by-slot.js";
import { type Close, EarlyMessages, type Offer } from "./early-messages.js";
import type { EnginePort } from "./engine-port.js";
import {
  DEFAULT_QUEUE,
  Inbound,
  inboundMessage,
  type InboundMessage,
  type QueueLimits,
} from "./inbound.js";
import { IncomingStream } from "./incoming-stream.js";
import { Outbound, payloadBytes } from "./outbound.js";
import { maxMessages, type PatternName, patternOf, requestEndsLate } from "./pattern-rules.js";
import { type OutboundPayload, Stream, type StreamHandlers, type StreamHost } from "./stream.js";
import { StreamCloses } from "./stream-closes.js";
import { StreamTable } from "./stream-table.js";
import { type Submission, Submissions, type Submitted } from "./submissions.js";
import { TokenKeeper } from "./token-keeper.js";

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

/** What a {@link StreamLayer} is made with. */
export interface StreamLayerOptions {
  /** The engine. */
  readonly port: EnginePort;
  /** What a stream holds for its reader where nothing else is chosen; 64 messages or 4 MiB if absent. */
  readonly queue?: QueueLimits;
  /** Is shown every stream that a peer opens; without it they are refused. */
  readonly onIncoming?: (incoming: IncomingStream) => void;
}

interface Arrival {
  readonly stream: Stream;
  readonly message: InboundMessage;
}

type Failure = EngineEvent & { readonly kind: "transferFailed" };

// With these the path itself is gone: there is nobody to send a close to.
const PATH_GONE: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
  Status.PeerStateLost,
]);

/**
 * All streams of one engine: it makes streams of transfers and closes.
 *
 * - `open` begins a stream, and the methods of `Stream` use it;
 * - `handle` takes every event of the engine.
 *
 * It has no clock, no randomness and no promises.
 *
 * @see spec/dcquic.md §4, §15
 */
export class StreamLayer {
  readonly #port: EnginePort;
  readonly #queue: QueueLimits;
  readonly #onIncoming: ((incoming: IncomingStream) => void) | undefined;
  readonly #streams = new StreamTable();
  readonly #early = new EarlyMessages();
  readonly #submissions: Submissions;
  readonly #closes: StreamCloses;
  readonly #tokens: TokenKeeper;
  readonly #host: StreamHost;
  readonly #outgoing = new BySlot<Submission>();
  readonly #incoming = new BySlot<Arrival>();
  // Streams that peers opened with headers and whose request was not announced yet.
  readonly #unshown = new Map<Stream, Offer>();
  // Own streams whose opening transfer has no id yet.
  readonly #opening = new Set<Stream>();

  /** Works on an engine that has no streams yet. */
  constructor(options: StreamLayerOptions) {
    this.#port = options.port;
    this.#queue = options.queue ?? DEFAULT_QUEUE;
    this.#onIncoming = options.onIncoming;
    this.#closes = new StreamCloses(options.port);
    this.#tokens = new TokenKeeper(options.port);
    this.#submissions = new Submissions(options.port, (submission, result) =>
      this.#submitted(submission, result),
    );
    this.#host = {
      submit: (stream, payload, seq) => this.#submit(stream, payload, seq),
      pull: (stream, message) => this.#pull(stream, message),
      use: (message) => this.#port.consume(message.transfer),
      closeDirection: (stream, scope) => this.#closeDirection(stream, scope),
      abort: (stream, status, reason, rootCause) =>
        this.#abort(stream, { status, reason, rootCause }, "tellPeer"),
      check: (stream) => this.#check(stream),
      begin: (stream) => this.#begin(stream),
    };
  }

  /** How many streams live, those included whose close the peer has not acknowledged. */
  get size(): number {
    return this.#streams.size + this.#opening.size;
  }

  /** How many streams of a path live. */
  streamsOn(path: PathId): number {
    return this.#streams.of(path).length;
  }

  /** How many messages wait because the engine's tables are full. */
  get waiting(): number {
    return this.#submissions.waiting;
  }

  /** Tells when a token of this layer came as far as `wait` says, or failed before; at once if that is so already. */
  watchToken(
    token: Id64,
    wait: "request" | "response",
    done: (how: "reached" | "failed") => void,
  ): void {
    this.#tokens.watch(token, wait, done);
  }

  /** Opens a stream; the first message announces it. */
  open(path: PathId, options: OpenOptions): Stream {
    const { pattern, ordered, queue = this.#queue } = options;
    const stream = new Stream({
      host: this.#host,
      path,
      pattern,
      isOpener: true,
      priority: options.priority,
      inbound: new Inbound({
        limits: queue,
        ordered,
        maxMessages: maxMessages(pattern, "answerer"),
      }),
      outbound: new Outbound({ limits: queue, maxMessages: maxMessages(pattern, "opener") }),
      handlers: options.handlers,
    });
    this.#opening.add(stream);
    return stream;
  }

  /** Takes what the engine tells. */
  handle(event: EngineEvent): void {
    switch (event.kind) {
      case "transferOffered":
        return this.#offered(event);
      case "transferDelivered":
        return this.#delivered(event.transfer, event.bytes);
      case "recordPlaced":
        return this.#recordPlaced(event);
      case "transferProgressed":
        return this.#outgoing
          .get(event.transfer)
          ?.stream.onProgress?.(event.ackedBytes, event.totalBytes);
      case "transferDrained":
        return this.#drained(event.transfer);
      case "transferFailed":
        return event.side === "announcer" ? this.#lost(event) : this.#missed(event);
      case "streamClosed":
        return this.#closedByPeer(event);
      case "streamCloseAcknowledged":
        return this.#closeAcknowledged(event.path, event.streamId);
      case "tokenFailed": {
        const stream = this.#tokens.streamOf(event.token);
        const { rootCause } = event;
        const outcome = { status: Status.DependencyFailed, reason: "", rootCause };
        if (stream !== undefined) this.#abort(stream, outcome, "tellPeer");
        return;
      }
      case "pathFailed":
        return this.failPath(event.path, event.status);
      default:
    }
  }

  /**
   * Learns that `after` takes the place of `before`, a path of the same peer: what comes of a stream may come on either, as
   * either side moves what it announced by itself.
   */
  joinPaths(before: PathId, after: PathId): void {
    this.#streams.join(before, after);
    this.#early.join(before, after);
  }

  /** Has the streams of a path go on on another one that was joined to it, where its engine moves their transfers. §10.4 */
  movePath(before: PathId, after: PathId): void {
    for (const stream of this.#streams.of(before)) stream.path = after;
    for (const stream of this.#opening) if (stream.path === before) stream.path = after;
  }

  /** Ends every stream of a path with `status`. */
  failPath(path: PathId, status: number): void {
    const how = PATH_GONE.has(status) ? "pathGone" : "tellPeer";
    for (const stream of this.#streams.of(path)) {
      this.#abort(stream, { status, reason: "", rootCause: undefined }, how);
      if (how === "pathGone") this.#forget(stream);
    }
    this.#early.drop(path);
    this.#streams.forget(path);
  }

  /** Ends every stream with `status`, and tells their peers. */
  closeAll(status: number): void {
    for (const stream of [...this.#streams.all(), ...this.#opening]) {
      this.#abort(stream, { status, reason: "", rootCause: undefined }, "tellPeer");
    }
    this.#submissions.close();
  }

  #submit(stream: Stream, payload: OutboundPayload, seq: number): void {
    // The pattern may end the direction by itself.
    const isLast = stream.outbound.isEnded;
    const bytes = payloadBytes(payload);
    const submission = { stream, payload, isLast, seq, bytes, transfer: undefined };
    if (stream.isOpener && stream.id === undefined && seq > 0) {
      if (this.#opening.has(stream)) (stream.backlog ??= []).push(submission);
    } else this.#submissions.submit(submission);
  }

  #submitted(submission: Submission, result: Submitted): void {
    const { stream, payload, seq } = submission;
    payload.taken?.();
    if (result.kind === "refused") {
      stream.outbound.settled(submission.bytes, undefined);
      const opens = seq === 0 && stream.isOpener;
      const outcome = { status: result.status, reason: "", rootCause: undefined };
      const isUntaken = opens && result.isUntaken === true;
      this.#abort(
        stream,
        isUntaken ? { ...outcome, isUntaken } : outcome,
        opens ? "pathGone" : "tellPeer",
      );
      if (stream.id === undefined) this.#opening.delete(stream);
      return;
    }
    const { transfer, token } = result;
    submission.transfer = transfer;
    this.#outgoing.set(transfer, submission);
    stream.outbound.announced(transfer);
    if (stream.isOpener && seq === 0) this.#opened(stream, transfer, token);
    if (stream.outcome !== undefined) this.#port.cancel(transfer);
  }

  #opened(stream: Stream, id: Id64, token: Id64 | undefined): void {
    stream.id = id;
    this.#streams.add(stream, id);
    if (token !== undefined && stream.outcome === undefined) this.#tokens.hold(stream, token);
    const { backlog } = stream;
    stream.backlog = undefined;
    this.#opening.delete(stream);
    if (stream.outcome !== undefined) {
      // It ended before it began: the peer may hear of it all the same.
      this.#closes.abort(stream, stream.outcome);
      return;
    }
    stream.handlers.opened?.();
    for (const submission of backlog ?? []) this.#submissions.submit(submission);
    this.#closes.flush(stream);
    this.#check(stream);
  }

  #offered(offer: Offer): void {
    const peerOpened = (offer.shape & Shape.OpenedByAnnouncer) !== 0;
    const { path, streamId, transfer } = offer;
    const stream = this.#streams.get(path, streamId, !peerOpened);
    if (stream !== undefined) this.#take(stream, offer);
    else if (peerOpened && (offer.shape & Shape.Open) !== 0) this.#arrived(offer);
    else if (!peerOpened || !this.#early.hold(offer)) this.#port.reject(transfer);
  }

  #arrived(offer: Offer): void {
    const { path, streamId, shape, transfer } = offer;
    const pattern = patternOf(shape);
    const isRefused = pattern === undefined || this.#early.isOver(path, streamId);
    if (isRefused) return this.#port.reject(transfer);
    const stream = new Stream({
      host: this.#host,
      path,
      pattern,
      isOpener: false,
      priority: priorityOf(offer),
      inbound: new Inbound({
        limits: this.#queue,
        ordered: true,
        maxMessages: maxMessages(pattern, "opener"),
      }),
      outbound: new Outbound({
        limits: this.#queue,
        maxMessages: maxMessages(pattern, "answerer"),
      }),
      handlers: SILENT,
    });
    stream.id = streamId;
    this.#streams.add(stream, streamId);
    this.#take(stream, offer);
    for (const early of this.#early.take(path, streamId)) {
      if (early.kind === "transferOffered") this.#take(stream, early);
      else this.#closedByPeer(early);
    }
    this.#show(stream, offer);
  }

  // Where the request is one message its size is part of what is shown, also when headers open the stream.
  #show(stream: Stream, offer: Offer): void {
    if (stream.outcome !== undefined) return;
    const hasRequest = stream.inbound.pending.some(({ isHeaders }) => !isHeaders);
    if (!hasRequest && !requestEndsLate(stream.pattern)) {
      this.#unshown.set(stream, offer);
      return;
    }
    this.#unshown.delete(stream);
    if (this.#onIncoming === undefined) stream.abort(Status.NoAcceptor, "nobody accepts streams");
    else this.#onIncoming(new IncomingStream(stream, offer));
  }

  // Nothing of an incoming stream is pulled or told before it is accepted.
  #begin(stream: Stream): void {
    this.#tellHeaders(stream);
    stream.pullMore();
  }

  #take(stream: Stream, offer: Offer): void {
    const { transfer, shape, messageSeq, totalBytes } = offer;
    if (stream.outcome !== undefined || stream.inbound.isOver) return this.#port.reject(transfer);
    const isHeaders = (shape & Shape.Headers) !== 0;
    const message = inboundMessage(transfer, messageSeq, isHeaders, totalBytes);
    this.#incoming.set(transfer, { stream, message });
    // Headers are announced one level above what they describe, which a message of its own tells exactly.
    if (!stream.isOpener && !isHeaders) stream.priority = offer.priority;
    const fault = stream.inbound.offer(message, (shape & Shape.End) !== 0);
    if (fault !== undefined) return stream.abort(Status.Protocol, fault);
    const opening = this.#unshown.get(stream);
    if (opening !== undefined) this.#show(stream, opening);
    if (stream.handlers === SILENT) return;
    this.#tellHeaders(stream);
    stream.pullMore();
  }

  #pull(stream: Stream, message: InboundMessage): void {
    this.#port.accept(message.transfer, message.isHeaders ? undefined : stream.placement);
  }

  #delivered(transfer: Id64, bytes: Uint8Array): void {
    const arrived = this.#incoming.get(transfer);
    if (arrived === undefined) return;
    this.#incoming.delete(transfer);
    const { stream, message } = arrived;
    if (stream.outcome !== undefined || stream.inbound.isOver) return this.#port.consume(transfer);
    message.state = "ready";
    message.bytes = bytes;
    if (!message.isHeaders) return stream.handlers.readable();
    stream.inbound.takeHeaders();
    this.#port.consume(transfer);
    stream.handlers.headers(bytes);
    stream.handlers.readable();
    this.#check(stream);
  }

  #recordPlaced(event: EngineEvent & { readonly kind: "recordPlaced" }): void {
    this.#incoming.get(event.transfer)?.stream.placement?.record(event);
  }

  // A direction without a block says so once it is clear.
  #tellHeaders(stream: Stream): void {
    if (stream.headersTold || stream.inbound.hasHeaders === undefined) return;
    stream.headersTold = true;
    if (!stream.inbound.hasHeaders) stream.handlers.headers(NOTHING);
  }

  #drained(transfer: Id64): void {
    const sent = this.#outgoing.get(transfer);
    if (sent === undefined) return;
    this.#settle(sent, transfer);
    this.#check(sent.stream);
  }

  #lost({ transfer, status, rootCause }: Failure): void {
    const sent = this.#outgoing.get(transfer);
    if (sent === undefined) return;
    this.#settle(sent, transfer);
    const { stream } = sent;
    // Whoever wants no more of a transfer says with a close what is to become of the stream.
    if (stream.outcome !== undefined || stream.outbound.isStopped) return this.#check(stream);
    if (status === Status.Cancelled) return;
    this.#abort(stream, { status, reason: "", rootCause }, howToEnd(status));
  }

  #missed({ transfer, status, rootCause }: Failure): void {
    const lost = this.#incoming.get(transfer);
    if (lost === undefined) return this.#early.lose(transfer);
    this.#incoming.delete(transfer);
    if (lost.stream.outcome !== undefined || status === Status.Cancelled) return;
    this.#abort(lost.stream, { status, reason: "", rootCause }, howToEnd(status));
  }

  #settle(sent: Submission, transfer: Id64): void {
    this.#outgoing.delete(transfer);
    const hasRoom = sent.stream.outbound.settled(sent.bytes, sent.transfer);
    if (hasRoom && sent.stream.outcome === undefined) sent.stream.handlers.writable();
    this.#submissions.retry();
  }

  #closedByPeer(close: Close): void {
    const { path, streamId, status, scope, reason } = close;
    const stream = this.#streams.get(path, streamId, close.opener);
    if (stream === undefined) {
      if (!close.opener) this.#closedEarly(close);
      return;
    }
    if (stream.outcome !== undefined) return;
    if (scope === CloseScope.Both || status !== Status.Ok) {
      this.#abort(stream, { status, reason, rootCause: undefined }, "peerKnows");
      this.#forget(stream);
    } else if (scope === CloseScope.SendDone) {
      const fault = stream.inbound.end(close.finalCount);
      if (fault !== undefined) return stream.abort(Status.Protocol, fault);
      if (stream.handlers !== SILENT) this.#tellHeaders(stream);
      stream.handlers.readable();
      this.#check(stream);
    } else {
      stream.outbound.stop();
      for (const transfer of stream.outbound.live) this.#port.cancel(transfer);
      stream.handlers.stopped();
      this.#check(stream);
    }
  }

  // The close of a stream that the peer opened came before its opening, or long after its end.
  #closedEarly(close: Close): void {
    const { path, streamId, status, scope } = close;
    if (scope !== CloseScope.Both && status === Status.Ok) {
      this.#early.hold(close);
      return;
    }
    for (const early of this.#early.over(path, streamId)) {
      if (early.kind === "transferOffered") this.#port.reject(early.transfer);
    }
  }

  #closeDirection(stream: Stream, scope: "sendDone" | "receiveDone"): void {
    this.#closes.direction(stream, scope);
    if (scope === "sendDone") return;
    this.#dropInbound(stream);
    this.#check(stream);
  }

  #dropInbound(stream: Stream): void {
    const dropped = stream.inbound.drop();
    for (const { state, transfer } of dropped) if (state === "ready") this.#port.consume(transfer);
    stream.orphans = dropped.filter(({ state }) => state !== "ready");
  }

  #closeAcknowledged(path: PathId, streamId: Id64): void {
    for (const isOpener of [true, false]) {
      const stream = this.#streams.get(path, streamId, isOpener);
      if (stream === undefined) continue;
      const hasMore = this.#closes.acknowledged(stream);
      if (!hasMore && stream.outcome !== undefined) this.#forget(stream);
    }
  }

  #abort(
    stream: Stream,
    outcome: NonNullable<Stream["outcome"]>,
    how: "tellPeer" | "peerKnows" | "pathGone",
  ): void {
    if (stream.outcome !== undefined) return;
    stream.outcome = outcome;
    this.#unshown.delete(stream);
    this.#tokens.settle(stream, "failed");
    if (how === "tellPeer") this.#closes.abort(stream, outcome);
    for (const transfer of stream.outbound.live) this.#port.cancel(transfer);
    this.#dropInbound(stream);
    for (const { payload } of stream.backlog ?? []) payload.taken?.();
    if (stream.outbound.count === 0) this.#opening.delete(stream);
    stream.handlers.closed(outcome);
  }

  // What the peer announced and nobody wants any more goes back once it knows why.
  #forget(stream: Stream): void {
    this.#streams.remove(stream);
    for (const { transfer } of stream.orphans) {
      if (this.#incoming.get(transfer)?.stream !== stream) continue;
      this.#incoming.delete(transfer);
      this.#port.reject(transfer);
    }
    if (!stream.isOpener && stream.id !== undefined) this.#early.over(stream.path, stream.id);
  }

  #check(stream: Stream): void {
    if (stream.outcome !== undefined) return;
    const { inbound, outbound } = stream;
    if (outbound.isOver && !inbound.isOver && endsWithAnswer(stream)) {
      return this.#closeDirection(stream, "receiveDone");
    }
    if (outbound.isOver) this.#tokens.settle(stream, "requestDone");
    if (inbound.isOver) this.#tokens.settle(stream, "complete");
    if (!inbound.isOver || !outbound.isOver || stream.id === undefined) return;
    stream.outcome = { status: Status.Ok, reason: "", rootCause: undefined };
    if (!stream.closing) this.#streams.remove(stream);
    stream.handlers.closed(stream.outcome);
  }
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

// An answerer that answered without looking at all of the request wants no more of it.
function endsWithAnswer({ isOpener, pattern }: Stream): boolean {
  return !isOpener && pattern !== "bidirectional";
}

function priorityOf({ priority, shape, totalBytes }: Offer): number {
  const isRaised = (shape & Shape.Headers) !== 0 && totalBytes > 0 && priority > 0;
  return isRaised ? priority + 1 : priority;
}

function howToEnd(status: number): "tellPeer" | "pathGone" {
  return PATH_GONE.has(status) ? "pathGone" : "tellPeer";
}
