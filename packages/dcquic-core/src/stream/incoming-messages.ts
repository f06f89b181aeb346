import type { EngineEvent, PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import { Shape } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import type { Offer } from "./early-messages.js";
import { InboundMessage } from "./inbound.js";
import type { LayerContext } from "./layer-context.js";
import type { TransferFailure } from "./outgoing-messages.js";
import { type PatternName, patternOf, requestEndsLate } from "./pattern-rules.js";
import type { PeerCloses } from "./peer-closes.js";
import type { Stream } from "./stream.js";
import type { StreamEnds } from "./stream-ends.js";

/** Who learns of the streams that peers open. */
export interface IncomingOwner {
  /** How many streams a peer may have open over a path; further ones are refused. */
  readonly maxStreams: number;
  /** Makes a stream that the peer of a path opens. */
  readonly make: (path: PathId, pattern: PatternName, priority: number) => Stream;
  /** Shows it, once it is clear what it begins with. */
  readonly show: (stream: Stream, offer: Offer) => void;
}

/**
 * Messages of peers, from their offer to the stream's reader: the first one opens the stream, and nothing of it is pulled or
 * told before that is accepted.
 *
 * @see spec/dcquic.md §4, §11
 */
export class IncomingMessages {
  readonly #context: LayerContext;
  readonly #ends: StreamEnds;
  readonly #closes: PeerCloses;
  readonly #owner: IncomingOwner;

  /** Works on what `context` holds; streams end in `ends`, or in the `closes` that came early. */
  constructor(context: LayerContext, ends: StreamEnds, closes: PeerCloses, owner: IncomingOwner) {
    this.#context = context;
    this.#ends = ends;
    this.#closes = closes;
    this.#owner = owner;
  }

  /** Takes what a peer announced. */
  offered(offer: Offer): void {
    const { early, port, streams } = this.#context;
    const peerOpened = (offer.shape & Shape.OpenedByAnnouncer) !== 0;
    const { path, streamId, transfer } = offer;
    const stream = streams.get(path, streamId, !peerOpened);
    if (stream !== undefined) this.#take(stream, offer);
    else if (peerOpened && (offer.shape & Shape.Open) !== 0) this.#opened(offer);
    else if (!peerOpened || !early.hold(offer)) port.reject(transfer);
  }

  /** Pulls a message. One that was offered whole is its direction's only one, and is here at once. */
  pull(stream: Stream, message: InboundMessage): void {
    const placement = message.isHeaders ? undefined : stream.placement;
    const { transfer, whole } = message;
    if (whole === undefined || placement !== undefined) {
      this.#context.port.accept(transfer, placement);
    } else {
      this.#context.incoming.delete(transfer);
      message.state = "ready";
      message.bytes = whole;
      stream.handlers.readable();
    }
  }

  /** Takes a message that is whole. */
  delivered(transfer: Id64, bytes: Uint8Array): void {
    const { incoming, port } = this.#context;
    const message = incoming.get(transfer);
    if (message === undefined) return;
    incoming.delete(transfer);
    const { stream } = message;
    if (stream.outcome !== undefined || stream.inbound.isOver) return port.consume(transfer);
    message.state = "ready";
    message.bytes = bytes;
    if (!message.isHeaders) return stream.handlers.readable();
    stream.inbound.takeHeaders();
    port.consume(transfer);
    stream.handlers.headers(bytes);
    stream.handlers.readable();
    this.#ends.check(stream);
  }

  /** Takes a record of a message that is placed. */
  recordPlaced(event: EngineEvent & { readonly kind: "recordPlaced" }): void {
    this.#context.incoming.get(event.transfer)?.stream.placement?.record(event);
  }

  /** Notes that a message will never be whole. */
  missed({ transfer, status, rootCause }: TransferFailure): void {
    const { early, incoming } = this.#context;
    const lost = incoming.get(transfer);
    if (lost === undefined) return early.lose(transfer);
    incoming.delete(transfer);
    const { stream } = lost;
    // Nobody waits for it any more; or whoever gave it up says with a close what is to become of the stream.
    const isUnwanted = stream.outcome !== undefined || stream.inbound.isOver;
    if (isUnwanted || status === Status.Cancelled) return;
    this.#ends.fail(stream, status, rootCause);
  }

  #opened(offer: Offer): void {
    const { early, news, port, streams } = this.#context;
    const { path, streamId, shape, transfer } = offer;
    if (early.isOver(path, streamId)) return port.reject(transfer);
    const pattern = patternOf(shape);
    const isCrowded = streams.theirsOn(path) >= this.#owner.maxStreams;
    // Whoever opened it is told in any case, and what that takes is the same for each pattern.
    const stream = this.#owner.make(path, pattern ?? "unary", priorityOf(offer));
    stream.id = streamId;
    streams.add(stream, streamId);
    if (news.isWatched) news.opened(stream, streamId, offer.token);
    if (isCrowded) stream.abort(Status.Overloaded, "too many streams are open");
    else if (pattern === undefined)
      stream.abort(Status.Protocol, "a pattern that is not known here");
    this.#take(stream, offer);
    for (const held of early.take(path, streamId)) {
      if (held.kind === "transferOffered") this.#take(stream, held);
      else this.#closes.closed(held);
    }
    this.#show(stream, offer);
  }

  // Where the request is one message its size is part of what is shown, also when headers open the stream.
  #show(stream: Stream, offer: Offer): void {
    if (stream.outcome !== undefined) return;
    const { unshown } = this.#context;
    const hasRequest = stream.inbound.firstMessage !== undefined;
    if (!hasRequest && !requestEndsLate(stream.pattern)) {
      unshown.set(stream, offer);
      return;
    }
    if (unshown.size > 0) unshown.delete(stream);
    this.#owner.show(stream, offer);
  }

  #take(stream: Stream, offer: Offer): void {
    const { incoming, news, port, unshown } = this.#context;
    const { transfer, shape } = offer;
    if (stream.outcome !== undefined || stream.inbound.isOver) return port.reject(transfer);
    const message = new InboundMessage(stream, offer);
    incoming.set(transfer, message);
    if (news.isWatched) news.offered(message);
    // Headers are announced one level above what they describe, which a message of its own tells exactly.
    if (!stream.isOpener && !message.isHeaders) stream.priority = offer.priority;
    const fault = stream.inbound.offer(message, (shape & Shape.End) !== 0);
    if (fault !== undefined) return stream.abort(Status.Protocol, fault);
    const opening = unshown.size === 0 ? undefined : unshown.get(stream);
    if (opening !== undefined) this.#show(stream, opening);
    if (stream.isAccepted) stream.begin();
  }
}

function priorityOf({ priority, shape, totalBytes }: Offer): number {
  const isRaised = (shape & Shape.Headers) !== 0 && totalBytes > 0 && priority > 0;
  return isRaised ? priority + 1 : priority;
}
