import type { EngineEvent, PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import { TransferDrained } from "../engine/transfer-drained.js";
import { TransferOffered } from "../engine/transfer-offered.js";
import type { Id64 } from "../wire/id64.js";
import type { EnginePort } from "./engine-port.js";
import { DEFAULT_QUEUE, type QueueLimits } from "./inbound.js";
import { IncomingMessages } from "./incoming-messages.js";
import { IncomingStream } from "./incoming-stream.js";
import { LayerContext } from "./layer-context.js";
import type { Opener } from "./openings.js";
import { OutgoingMessages } from "./outgoing-messages.js";
import { PeerCloses } from "./peer-closes.js";
import { type OpenOptions, Stream, type StreamHost, type StreamOutcome } from "./stream.js";
import { noticeOf, StreamEnds } from "./stream-ends.js";
import type { TellStream } from "./stream-news.js";

/** What a {@link StreamLayer} is made with. */
export interface StreamLayerOptions {
  /** The engine. */
  readonly port: EnginePort;
  /** What a stream holds for its reader where nothing else is chosen; 64 messages or 4 MiB if absent. */
  readonly queue?: QueueLimits;
  /** Streams that a peer may have open over a path; 65,536 if absent. */
  readonly maxStreams?: number;
  /** Is shown every stream that a peer opens; without it they are refused. */
  readonly onIncoming?: (incoming: IncomingStream) => void;
}

// As many as there are transfers.
const MAX_STREAMS = 65_536;

/**
 * All streams of one engine: it makes streams of transfers and closes.
 *
 * - `open` begins a stream, and the methods of `Stream` use it;
 * - `handle` takes every event of the engine.
 *
 * It has no clock and no promises; of randomness it takes what hashes ids.
 *
 * @see spec/dcquic.md §4, §15
 */
export class StreamLayer {
  readonly #context: LayerContext;
  readonly #onIncoming: ((incoming: IncomingStream) => void) | undefined;
  readonly #ends: StreamEnds;
  readonly #closes: PeerCloses;
  readonly #outgoing: OutgoingMessages;
  readonly #incoming: IncomingMessages;
  readonly #host: StreamHost;

  /** Works on an engine that has no streams yet. */
  constructor(options: StreamLayerOptions) {
    const context = new LayerContext(options.port);
    const ends = new StreamEnds(context);
    this.#context = context;
    this.#onIncoming = options.onIncoming;
    this.#ends = ends;
    this.#closes = new PeerCloses(context, ends);
    this.#outgoing = new OutgoingMessages(context, ends);
    this.#incoming = new IncomingMessages(context, ends, this.#closes, {
      maxStreams: options.maxStreams ?? MAX_STREAMS,
      make: (path, pattern, priority) => new Stream(this.#host, path, pattern, priority),
      show: (stream, offer) => {
        if (this.#onIncoming !== undefined) this.#onIncoming(new IncomingStream(stream, offer));
        else stream.abort(Status.NoAcceptor, "nobody accepts streams");
      },
    });
    this.#host = {
      queue: options.queue ?? DEFAULT_QUEUE,
      submit: (stream, payload, seq) => this.#outgoing.submit(stream, payload, seq),
      pull: (stream, message) => this.#incoming.pull(stream, message),
      use: (message) => context.port.consume(message.transfer),
      closeDirection: (stream, scope) => ends.closeDirection(stream, scope),
      abort: (stream, status, reason, rootCause) =>
        ends.abort(stream, { status, reason, rootCause }, "tellPeer"),
      check: (stream) => ends.check(stream),
    };
  }

  /** How many streams live or wait for their turn, those included whose close the peer has not acknowledged. */
  get size(): number {
    const { opening, openings, streams } = this.#context;
    return streams.size + opening.size + openings.waiting;
  }

  /** How many streams of a path live or wait for their turn. */
  streamsOn(path: PathId): number {
    const { openings, streams } = this.#context;
    return streams.of(path).length + openings.waitingOn(path);
  }

  /** How many messages wait because others go first, or because the engine's tables are full. */
  get waiting(): number {
    return this.#context.openings.waiting + this.#outgoing.waiting;
  }

  /** How many messages had to wait so far. */
  get waited(): number {
    return this.#context.openings.waited + this.#outgoing.waited;
  }

  /** Tells when a token of this layer came as far as `wait` says, or failed before; at once if that is so already. */
  watchToken(
    token: Id64,
    wait: "request" | "response",
    done: (how: "reached" | "failed") => void,
  ): void {
    this.#context.tokens.watch(token, wait, done);
  }

  /** Whether a stream may be opened now; otherwise `opener` waits, and is told later, exactly once. */
  mayOpen(path: PathId, priority: number, opener: Opener): boolean {
    return this.#context.openings.mayOpen(path, priority, opener);
  }

  /** Notes that an opener which waits gave up. */
  gaveUp(path: PathId, priority: number): void {
    this.#context.openings.gaveUp(path, priority);
  }

  /** Opens a stream; the first message announces it, and has the layer know it. */
  open(path: PathId, options: OpenOptions): Stream {
    const stream = new Stream(this.#host, path, options.pattern, options.priority, options);
    this.#context.openings.opened(stream);
    return stream;
  }

  /** Tells `tell` of streams that begin from now on, of their messages and of their ends; nobody if absent. §21 */
  watch(tell: TellStream | undefined): void {
    this.#context.news.watch(tell);
  }

  /** Takes what the engine tells. */
  handle(event: EngineEvent): void {
    // To ask for the kind of an event that may be any of twenty takes longer than to see that it is one of the usual two.
    if (event instanceof TransferOffered) this.#incoming.offered(event);
    else if (event instanceof TransferDrained) this.#outgoing.drained(event.transfer);
    else this.#handle(event);
  }

  /**
   * Learns that `after` takes the place of `before`, a path of the same peer: what comes of a stream may come on either, as
   * either side moves what it announced by itself.
   */
  joinPaths(before: PathId, after: PathId): void {
    this.#context.streams.join(before, after);
    this.#context.early.join(before, after);
  }

  /** Has the streams of a path go on on another one that was joined to it, where its engine moves their transfers. §10.4 */
  movePath(before: PathId, after: PathId): void {
    const { opening, openings, streams } = this.#context;
    for (const stream of streams.of(before)) stream.path = after;
    for (const stream of opening) if (stream.path === before) stream.path = after;
    openings.move(before, after);
  }

  /** Ends every stream of a path with `status`. */
  failPath(path: PathId, status: number): void {
    const { early, openings, streams } = this.#context;
    const notice = noticeOf(status);
    const isGone = notice === "pathGone";
    openings.fail(path, turnedAway(status));
    for (const stream of streams.of(path)) {
      this.#ends.abort(stream, { status, reason: "", rootCause: undefined }, notice);
      if (isGone) this.#ends.forget(stream);
    }
    early.drop(path);
    streams.forget(path);
    if (isGone) openings.forget(path);
  }

  /** Ends every stream with `status`, and tells their peers. */
  closeAll(status: number): void {
    const { opening, openings, streams } = this.#context;
    openings.failAll({ status, reason: "", rootCause: undefined });
    for (const stream of [...streams.all(), ...opening]) stream.abort(status);
    this.#outgoing.close();
  }

  #handle(event: EngineEvent): void {
    switch (event.kind) {
      case "transferOffered":
        return this.#incoming.offered(event);
      case "transferDelivered":
        return this.#incoming.delivered(event.transfer, event.bytes);
      case "recordPlaced":
        return this.#incoming.recordPlaced(event);
      case "transferProgressed":
        return this.#context.outgoing
          .get(event.transfer)
          ?.stream.onProgress?.(event.ackedBytes, event.totalBytes);
      case "transferAccepted":
        return this.#outgoing.accepted(event.transfer);
      case "transferDrained":
        return this.#outgoing.drained(event.transfer);
      case "transferFailed":
        return event.side === "announcer"
          ? this.#outgoing.lost(event)
          : this.#incoming.missed(event);
      case "streamClosed":
        return this.#closes.closed(event);
      case "streamCloseAcknowledged":
        return this.#closes.acknowledged(event.path, event.streamId);
      case "tokenFailed": {
        const stream = this.#context.tokens.streamOf(event.token);
        if (stream === undefined) return;
        return this.#ends.fail(stream, Status.DependencyFailed, event.rootCause);
      }
      case "pathFailed":
        return this.failPath(event.path, event.status);
      default:
    }
  }
}

// No engine ever saw what only waited: where the one it waited for is lost, another may open it.
function turnedAway(status: number): StreamOutcome {
  const outcome = { status, reason: "", rootCause: undefined };
  return status === Status.LocalResource ? { ...outcome, isUntaken: true } : outcome;
}
