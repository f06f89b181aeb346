import type { PathId } from "../engine/events.js";
import { type AcceptOptions, IncomingStream } from "../stream/incoming-stream.js";
import { InboundMessage } from "../stream/inbound.js";
import type { PatternName } from "../stream/pattern-rules.js";
import {
  type OpenOptions,
  Stream,
  type StreamHandlers,
  type StreamHost,
  type StreamOutcome,
} from "../stream/stream.js";
import { Shape } from "../wire/constants.js";
import { type Id64, id64 } from "../wire/id64.js";

/** What a stream on another thread's pool asks for beyond what every stream does. */
export interface RemoteHost extends StreamHost {
  /** Takes a stream that was offered. */
  accepted(stream: RemoteStream, options: AcceptOptions): void;
  /** Pulls what was held. */
  pullHeld(stream: RemoteStream): void;
  /** The opening of a stream was announced: it has its id and its token. */
  opened(stream: RemoteStream): void;
  /** It was told how a stream ended. */
  closed(stream: RemoteStream, outcome: StreamOutcome): void;
}

const NOTHING = new Uint8Array(0);

/** A stream of a pool on another thread: what that thread tells of it, in the order in which it is told. */
export class RemoteStream extends Stream {
  /** By which both threads know it. */
  readonly number: number;
  /** How it ended, once that was told, while there is something to be taken before. */
  ending: StreamOutcome | undefined;
  /** Whether no more messages can come, so that nobody waits for the release of those that came. */
  isEndTold = false;
  /** Whether the thread of the pool pulls nothing but headers. */
  isHeldThere = false;
  /** What it belongs to on this thread. */
  readonly layer: RemoteHost;

  /** Makes a stream; `opened` is absent where a peer opened it. */
  constructor(
    host: RemoteHost,
    number: number,
    path: PathId,
    pattern: PatternName,
    priority: number,
    opened?: OpenOptions,
  ) {
    super(host, path, pattern, priority, opened);
    this.layer = host;
    this.number = number;
  }

  /** What is pulled the other thread knows; it has to be told only that what was held may be. */
  override pullMore(): void {
    if (!this.isHeldThere || this.inbound.isHeld) return;
    this.isHeldThere = false;
    this.layer.pullHeld(this);
  }

  /** The peer's header block, or that there is none. */
  tellHeaders(block: Uint8Array, isCounted: boolean): void {
    if (!isCounted) return this.handlers.headers(NOTHING);
    const message = this.#messageOf(id64(), 0, block, Shape.Headers);
    this.inbound.offer(message, false);
    this.inbound.takeHeaders();
    this.handlers.headers(block);
    this.handlers.readable();
  }

  /** A whole message; `count` says how many there are, where it is the last. */
  tellMessage(transfer: Id64, seq: number, bytes: Uint8Array, count: number | undefined): void {
    this.inbound.offer(this.#messageOf(transfer, seq, bytes, 0), false);
    if (count !== undefined) {
      this.inbound.end(count);
      this.isEndTold = true;
    }
    this.handlers.readable();
  }

  /** How many messages the peer's direction has. */
  tellEnd(count: number): void {
    if (this.inbound.isOver) return;
    this.inbound.end(count);
    this.isEndTold = true;
    this.handlers.readable();
  }

  #messageOf(transfer: Id64, messageSeq: number, bytes: Uint8Array, shape: number): InboundMessage {
    const totalBytes = bytes.length;
    const offer = { transfer, messageSeq, shape, totalBytes, whole: undefined };
    const message = new InboundMessage(this, offer);
    message.state = "ready";
    message.bytes = bytes;
    return message;
  }
}

/** A stream that a peer opened, shown on another thread than the pool's. */
export class RemoteIncoming extends IncomingStream {
  readonly #host: RemoteHost;
  readonly #stream: RemoteStream;

  /** Shows what was told of `stream`. */
  constructor(
    host: RemoteHost,
    stream: RemoteStream,
    offer: Pick<IncomingStream, "meta" | "token" | "firstBytes">,
  ) {
    super(stream, offer, offer.firstBytes);
    this.#host = host;
    this.#stream = stream;
  }

  /** See {@link IncomingStream}. */
  override accept(handlers: StreamHandlers, options: AcceptOptions = {}): Stream {
    const stream = super.accept(handlers, options);
    if (this.#stream.outcome === undefined) this.#host.accepted(this.#stream, options);
    return stream;
  }
}
