import { Status } from "../engine/status.js";
import type { Id64 } from "../wire/id64.js";
import type { Offer } from "./early-messages.js";
import type { QueueLimits } from "./inbound.js";
import type { Stream, StreamHandlers } from "./stream.js";

/** How an incoming stream is accepted. */
export interface AcceptOptions {
  /** What is held for a slow reader; 64 messages or 4 MiB if absent. */
  readonly queue?: QueueLimits;
  /** Whether messages are taken in the order in which they were sent; `true` if absent. */
  readonly ordered?: boolean;
}

/** A stream that a peer opened and nobody answered yet. Nothing of it is pulled before it is accepted. */
export class IncomingStream {
  /** The stream. */
  readonly stream: Stream;
  /** What the opener tells acceptors, at most 1024 bytes. */
  readonly meta: Uint8Array;
  /** The opener's causality token, if it tracks the stream. */
  readonly token: Id64 | undefined;
  /** Plain bytes of the first message; 0 where the stream opens without one. */
  readonly firstBytes: number;
  #isAnswered = false;

  /** Shows what `offer` says of `stream`; `firstBytes` is what its first message has, where the stream does not know it. */
  constructor(
    stream: Stream,
    offer: Pick<Offer, "meta" | "token">,
    firstBytes: number = stream.inbound.firstMessage?.totalBytes ?? 0,
  ) {
    this.stream = stream;
    this.meta = offer.meta;
    this.token = offer.token;
    this.firstBytes = firstBytes;
  }

  /** Whether it was accepted or rejected, or its opener gave it up. */
  get isAnswered(): boolean {
    return this.#isAnswered || this.stream.outcome !== undefined;
  }

  /** Takes the stream: its headers and messages are told to `handlers` from now on. @throws TypeError the second time. */
  accept(handlers: StreamHandlers, options: AcceptOptions = {}): Stream {
    if (this.#isAnswered) throw new TypeError("the stream was answered before");
    this.#isAnswered = true;
    const { stream } = this;
    stream.inbound.configure(options.queue, options.ordered ?? true);
    stream.handlers = handlers;
    if (stream.outcome === undefined) stream.begin();
    else handlers.closed(stream.outcome);
    return stream;
  }

  /** Refuses the stream with a status of §15, or of the application from 256 on. */
  reject(status: number = Status.Rejected, reason = ""): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.stream.abort(status, reason);
  }
}
