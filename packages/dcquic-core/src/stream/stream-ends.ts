import { Status } from "../engine/status.js";
import type { Id64 } from "../wire/id64.js";
import type { LayerContext } from "./layer-context.js";
import type { Stream, StreamOutcome } from "./stream.js";

/** Who hears of an end: a peer that does not know, none because it does, or none because there is no way to it. */
export type EndNotice = "tellPeer" | "peerKnows" | "pathGone";

// Nearly all streams end so.
const IN_ORDER: StreamOutcome = { status: Status.Ok, reason: "", rootCause: undefined };
// A path that fails with one of these is gone: there is nobody to send a close to.
const PATH_GONE: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
  Status.PeerStateLost,
]);

/** Who is to hear of streams that end because their path failed with `status`. */
export function noticeOf(status: number): EndNotice {
  return PATH_GONE.has(status) ? "pathGone" : "tellPeer";
}

/**
 * Ends streams: in order once both directions are over, or at once.
 *
 * @see spec/dcquic.md §15
 */
export class StreamEnds {
  readonly #context: LayerContext;

  /** Works on what `context` holds. */
  constructor(context: LayerContext) {
    this.#context = context;
  }

  /** Ends a stream at once; harmless when it is over. */
  abort(stream: Stream, outcome: StreamOutcome, notice: EndNotice): void {
    if (stream.outcome !== undefined) return;
    const { closes, news, opening, openings, port, tokens, unshown } = this.#context;
    stream.outcome = outcome;
    if (news.isWatched) news.ended(stream, outcome.status);
    openings.answered(stream);
    unshown.delete(stream);
    tokens.settle(stream, "failed");
    if (notice === "tellPeer") closes.abort(stream, outcome);
    for (const transfer of stream.outbound.live) port.cancel(transfer);
    this.#dropInbound(stream);
    for (const { taken } of stream.extras.backlog ?? []) taken?.();
    if (stream.outbound.count === 0) opening.delete(stream);
    stream.handlers.closed(outcome);
  }

  /** Ends a stream at once because of a status that nobody gave a reason for. Its path stands, whatever the status: the peer is told. */
  fail(stream: Stream, status: number, rootCause?: Id64): void {
    this.abort(stream, { status, reason: "", rootCause }, "tellPeer");
  }

  /** Forgets a stream that is over. What the peer announced and nobody wants any more goes back once it knows why. */
  forget(stream: Stream): void {
    const { early, incoming, port, streams } = this.#context;
    streams.remove(stream);
    for (const { transfer } of stream.extras.orphans) {
      if (incoming.get(transfer)?.stream !== stream) continue;
      incoming.delete(transfer);
      port.reject(transfer);
    }
    if (!stream.isOpener && stream.id !== undefined) early.over(stream.path, stream.id);
  }

  /** Ends one direction of a stream. */
  closeDirection(stream: Stream, scope: "sendDone" | "receiveDone"): void {
    this.#context.closes.direction(stream, scope);
    if (scope === "sendDone") return;
    this.#dropInbound(stream);
    this.check(stream);
  }

  /** Ends a stream in order if both of its directions are over. */
  check(stream: Stream): void {
    if (stream.outcome !== undefined) return;
    const { inbound, outbound } = stream;
    const { news, streams, tokens } = this.#context;
    if (outbound.isOver && !inbound.isOver && endsWithAnswer(stream)) {
      return this.closeDirection(stream, "receiveDone");
    }
    if (outbound.isOver) tokens.settle(stream, "requestDone");
    if (inbound.isOver) tokens.settle(stream, "complete");
    if (!inbound.isOver || !outbound.isOver || stream.id === undefined) return;
    stream.outcome = IN_ORDER;
    if (news.isWatched) news.ended(stream, Status.Ok);
    if (!stream.extras.closing) streams.remove(stream);
    stream.handlers.closed(IN_ORDER);
  }

  #dropInbound(stream: Stream): void {
    const { port } = this.#context;
    const dropped = stream.inbound.drop();
    for (const { state, transfer } of dropped) if (state === "ready") port.consume(transfer);
    const orphans = dropped.filter(({ state }) => state !== "ready");
    if (orphans.length > 0 || stream.extras.orphans.length > 0) stream.ownExtras.orphans = orphans;
  }
}

// An answerer that answered without looking at all of the request wants no more of it.
function endsWithAnswer({ isOpener, pattern }: Stream): boolean {
  return !isOpener && pattern !== "bidirectional";
}
