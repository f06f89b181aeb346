import { Status } from "../engine/status.js";
import { CloseScope } from "../wire/constants.js";
import type { EnginePort } from "./engine-port.js";
import type { Stream, StreamOutcome } from "./stream.js";

/**
 * Sends the closes of streams one after the other: an engine repeats one STREAM_CLOSE of a stream until it is acknowledged,
 * and only an abort may replace it.
 *
 * @see spec/dcquic.md §15
 */
export class StreamCloses {
  readonly #port: EnginePort;

  /** Sends through `port`. */
  constructor(port: EnginePort) {
    this.#port = port;
  }

  /** Ends one direction, once the stream has an id and earlier closes were acknowledged. */
  direction(stream: Stream, scope: "sendDone" | "receiveDone"): void {
    const extras = stream.ownExtras;
    extras.closesQueued = [...extras.closesQueued, scope];
    this.flush(stream);
  }

  /** Ends the whole stream; what else was to be said is void. */
  abort(stream: Stream, { status, reason }: StreamOutcome): void {
    stream.ownExtras.closesQueued = [];
    this.#send(stream, CloseScope.Both, status, reason);
  }

  /** Notes that the peer knows, and says whether another close is on its way. */
  acknowledged(stream: Stream): boolean {
    stream.ownExtras.closing = false;
    this.flush(stream);
    return stream.extras.closing;
  }

  /** Sends what waits, if it may. */
  flush(stream: Stream): void {
    const { closing, closesQueued } = stream.extras;
    if (stream.id === undefined || closing || closesQueued.length === 0) return;
    const [scope, ...later] = closesQueued;
    stream.ownExtras.closesQueued = later;
    if (scope === "sendDone") this.#send(stream, CloseScope.SendDone, Status.Ok, "");
    else if (scope === "receiveDone") this.#send(stream, CloseScope.ReceiveDone, Status.Ok, "");
  }

  #send(stream: Stream, scope: number, status: number, reason: string): void {
    if (stream.id === undefined) return;
    stream.ownExtras.closing = true;
    this.#port.close(stream.path, {
      streamId: stream.id,
      opener: stream.isOpener,
      scope,
      status,
      finalCount: stream.outbound.count,
      reason,
    });
  }
}
