import type { PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import { CloseScope } from "../wire/constants.js";
import type { Id64 } from "../wire/id64.js";
import type { Close } from "./early-messages.js";
import type { LayerContext } from "./layer-context.js";
import type { Stream } from "./stream.js";
import type { StreamEnds } from "./stream-ends.js";

/**
 * Obeys the closes of peers, also those that overtake the opening of their stream, and takes note of their answers to own
 * ones.
 *
 * @see spec/dcquic.md §15
 */
export class PeerCloses {
  readonly #context: LayerContext;
  readonly #ends: StreamEnds;

  /** Works on what `context` holds; streams end in `ends`. */
  constructor(context: LayerContext, ends: StreamEnds) {
    this.#context = context;
    this.#ends = ends;
  }

  /** Obeys a close. */
  closed(close: Close): void {
    const { path, streamId, status, scope, reason } = close;
    const stream = this.#context.streams.get(path, streamId, close.opener);
    if (stream === undefined) {
      if (!close.opener) this.#early(close);
      return;
    }
    if (stream.outcome !== undefined) return;
    if (scope === CloseScope.Both || status !== Status.Ok) {
      this.#ends.abort(stream, { status, reason, rootCause: undefined }, "peerKnows");
      this.#ends.forget(stream);
    } else if (scope === CloseScope.SendDone) this.#sendDone(stream, close.finalCount);
    else this.#receiveDone(stream);
  }

  /** Notes that the peer knows of the last close of a stream of this id. */
  acknowledged(path: PathId, streamId: Id64): void {
    const { closes, streams } = this.#context;
    for (const isOpener of [true, false]) {
      const stream = streams.get(path, streamId, isOpener);
      if (stream === undefined) continue;
      const hasMore = closes.acknowledged(stream);
      if (!hasMore && stream.outcome !== undefined) this.#ends.forget(stream);
    }
  }

  #sendDone(stream: Stream, finalCount: number): void {
    const fault = stream.inbound.end(finalCount);
    if (fault !== undefined) return stream.abort(Status.Protocol, fault);
    if (stream.isAccepted) stream.tellNoHeaders();
    stream.handlers.readable();
    this.#ends.check(stream);
  }

  #receiveDone(stream: Stream): void {
    const { port } = this.#context;
    stream.outbound.stop();
    for (const transfer of stream.outbound.live) port.cancel(transfer);
    stream.handlers.stopped();
    this.#ends.check(stream);
  }

  // The close of a stream that the peer opened came before its opening, or long after its end.
  #early(close: Close): void {
    const { early, port } = this.#context;
    const { path, streamId, status, scope } = close;
    if (scope !== CloseScope.Both && status === Status.Ok) {
      early.hold(close);
      return;
    }
    for (const held of early.over(path, streamId)) {
      if (held.kind === "transferOffered") port.reject(held.transfer);
    }
  }
}
