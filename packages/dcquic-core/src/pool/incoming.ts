import type { ByteStream } from "@proj/wire-types";
import { Status } from "../engine/status.js";
import type { AcceptOptions, IncomingStream } from "../stream/incoming-stream.js";
import type { PatternName } from "../stream/pattern-rules.js";
import type { Id64 } from "../wire/id64.js";
import { StreamBytes } from "./byte-stream.js";
import { BulkPlacement } from "./bulk-placement.js";
import type { Payload, WriteOptions } from "./call-options.js";
import { defer } from "./defer.js";
import type { Message } from "./message.js";
import type { MessageReader } from "./message-reader.js";
import type { PayloadSender } from "./payload-sender.js";
import type { BulkResult, PlacementTarget, PlaceOptions } from "./placement.js";
import type { Route } from "./pool-backend.js";
import type { PoolCore } from "./pool-core.js";
import { ServedCall } from "./served-call.js";
import { traceparentOf } from "./traceparent.js";

/**
 * A call of a peer. Nothing of its payload moves before it is accepted, which `accept` and every method that uses it do.
 *
 * @see spec/dcquic.md §4
 */
export class Incoming {
  /** The peer's name, by which it can be called back. */
  readonly peer: string;
  /** The name that the peer proved in its handshake. */
  readonly identity: string;
  /** The pattern. */
  readonly pattern: PatternName;
  /** 0, the most urgent, to 7. */
  readonly priority: number;
  /** What the caller tells acceptors. */
  readonly meta: Uint8Array;
  /** Plain bytes of the opening message; 0 where there is none yet. */
  readonly size: number;
  /** The caller's causality token, if it tracks the call. */
  readonly token: Id64 | undefined;
  /** The trace of the call, if it is tracked; the caller's spans have it too. */
  readonly traceparent: string | undefined;
  readonly #incoming: IncomingStream;
  readonly #route: Route;
  readonly #core: PoolCore;
  readonly #queueUp: (incoming: Incoming) => boolean;
  #call: ServedCall | undefined;
  #isAccepted = false;

  /** Wraps a stream that a peer opened; `queueUp` keeps it for later. */
  constructor(
    core: PoolCore,
    route: Route,
    incoming: IncomingStream,
    queueUp: (incoming: Incoming) => boolean,
  ) {
    const { stream, meta, token, firstBytes } = incoming;
    this.#core = core;
    this.#route = route;
    this.#incoming = incoming;
    this.#queueUp = queueUp;
    this.peer = route.peer;
    this.identity = route.identity;
    this.pattern = stream.pattern;
    this.priority = stream.priority;
    this.meta = meta;
    this.size = firstBytes;
    this.token = token;
    this.traceparent = token === undefined ? undefined : traceparentOf(route, "peer", token);
  }

  /** The caller's headers; `undefined` if it has none. */
  get headers(): Promise<Uint8Array | undefined> {
    this.accept();
    return this.#served.callerHeaders;
  }

  /** Resolves when the call ended in order, and rejects with what ended it otherwise: the caller may have cancelled. */
  get closed(): Promise<void> {
    return this.#served.ended;
  }

  /** Whether it ended, because it was refused or its caller gave up, too. */
  get isOver(): boolean {
    return this.#incoming.stream.outcome !== undefined;
  }

  /** Takes the call, now or later. Harmless the second time. */
  accept(options?: AcceptOptions): this {
    if (this.#isAccepted) return this;
    this.#isAccepted = true;
    const served = this.#served;
    served.span = this.#core.span(this.pattern, this.peer, this.traceparent);
    // A bulk transfer says what it is before anybody has to say where it goes.
    this.#incoming.stream.inbound.isHeld = this.pattern === "rawBulk";
    this.#incoming.accept(served, options);
    return this;
  }

  /** Leaves the call to whoever iterates over the pool's queue; one too many is refused as overloaded. */
  queue(): void {
    if (!this.#queueUp(this)) this.reject(Status.Overloaded, "the queue is full");
  }

  /** Refuses the call with a status of §15, or of the application from 256 on; harmless once it is answered. */
  reject(status: number = Status.Rejected, reason = ""): void {
    this.#incoming.reject(status, reason);
  }

  /** The request of a pattern that has one message of it. */
  request(): Promise<Message> {
    this.#start();
    return this.#served.request();
  }

  /** The request's messages. Each is released when the next is asked for; leaving the loop stops the caller. */
  [Symbol.asyncIterator](): MessageReader {
    this.#start();
    return this.#served.reader;
  }

  /** The call as a stream of bytes. @throws TypeError unless its pattern is bidirectional and it was not accepted yet. */
  byteStream(): ByteStream {
    if (this.pattern !== "bidirectional" || this.#isAccepted) {
      throw new TypeError(`a ${this.pattern} call that is no stream of bytes`);
    }
    const { peer, identity } = this;
    const bytes = new StreamBytes({ peer, identity }, defer);
    this.#served.bytes = bytes;
    this.accept();
    bytes.attach(this.#incoming.stream, this.#sender);
    return bytes;
  }

  /** Sends the answer's headers, before its first message. */
  sendHeaders(block: Uint8Array): void {
    this.accept();
    this.#incoming.stream.send({ payload: block, isLast: false, isHeaders: true });
  }

  /** Answers with one message, which is the last. Resolves when it is on its way. */
  reply(payload: Payload): Promise<void> {
    this.accept();
    return this.#served.reply(payload);
  }

  /** Sends one message of an answer of many; resolves when it is on its way. Waits while the peer takes no more. */
  write(payload: Payload, options?: WriteOptions): Promise<void> {
    this.accept();
    return this.#served.writer.write(payload, options);
  }

  /** Ends the answer after what was written. */
  end(): void {
    this.accept();
    this.#served.writer.end();
  }

  /**
   * Takes a bulk transfer into `target`, and answers it when all bytes are verified, written and durable.
   *
   * The promise rejects with the `DcquicError` that ended the transfer; a target that fails makes it
   * `dcquic.placement_failed` on both sides.
   */
  place(target: PlacementTarget, options: PlaceOptions = {}): Promise<BulkResult> {
    const { stream } = this.#incoming;
    const placement = new BulkPlacement(this.#route.port, target, options, (error) => {
      stream.abort(Status.PlacementFailed, error instanceof Error ? error.message : "");
    });
    this.#served.placement = placement;
    stream.placement = placement;
    this.#start();
    return this.#served.placed;
  }

  /** Ends the call for both sides, with a status of §15 or of the application from 256 on. */
  close(status: number = Status.Cancelled, reason = ""): void {
    this.#incoming.stream.abort(status, reason);
  }

  #start(): void {
    this.accept();
    const { stream } = this.#incoming;
    if (!stream.inbound.isHeld) return;
    stream.inbound.isHeld = false;
    if (stream.outcome === undefined) stream.pullMore();
  }

  get #served(): ServedCall {
    this.#call ??= new ServedCall(this.peer, this.#incoming.stream, this.#sender);
    return this.#call;
  }

  get #sender(): PayloadSender {
    return this.#core.sender(this.#route, this);
  }
}
