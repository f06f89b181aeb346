import type { PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import type { PoolLayer } from "../pool/pool-port.js";
import type { Route } from "../pool/pool-backend.js";
import type { IncomingStream } from "../stream/incoming-stream.js";
import type { Opener } from "../stream/openings.js";
import {
  type OutboundPayload,
  type Stream,
  type StreamHandlers,
  type StreamOutcome,
} from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import { HostMessages, type MessageWay } from "./host-messages.js";
import type { AcceptCommand, OpenCommand, ShareNews } from "./share-messages.js";

/** What streams of one attached thread share at the pool. */
export interface HostSurroundings extends MessageWay {
  /** The way to a peer, if it is known and leads over `worker`. */
  routeOver(peer: string, worker: number): Route | undefined;
  /** Is told that nothing refers to the stream of this number any more. */
  forget(number: number): void;
}

interface Placing {
  readonly route: Route;
  transfer: Id64 | undefined;
  /** Bytes of records that the thread has not said that it used. */
  unusedBytes: number;
}

/**
 * A stream that another thread uses: obeys its commands in their order, and tells it what happens.
 *
 * ```
 * opened by the thread ─first message, admitted─▶ open ─closed, every message released─▶ forgotten
 * offered to it ──────────accepted────────────────▲
 * ```
 */
export class HostStream implements StreamHandlers, Opener {
  readonly #host: HostSurroundings;
  readonly #number: number;
  // Messages that wait for the stream, or for room in it; the thread sends no more than its own limits allow.
  #sends: OutboundPayload[] = [];
  readonly #messages: HostMessages;
  #opening: OpenCommand | undefined;
  #waiting: { readonly layer: PoolLayer; readonly path: PathId } | undefined;
  #layer: PoolLayer | undefined;
  #stream: Stream | undefined;
  #offered: IncomingStream | undefined;
  #placing: Placing | undefined;
  #owes = { end: false, stop: false };
  #isClosed = false;

  private constructor(host: HostSurroundings, number: number) {
    this.#host = host;
    this.#number = number;
    this.#messages = new HostMessages(host, number);
  }

  /** A stream that the thread opens. */
  static opened(host: HostSurroundings, command: OpenCommand): HostStream {
    const made = new HostStream(host, command.stream);
    made.#opening = command;
    return made;
  }

  /** A stream of a peer that is shown to the thread. */
  static offered(
    host: HostSurroundings,
    number: number,
    incoming: IncomingStream,
    route: Route,
  ): HostStream {
    const made = new HostStream(host, number);
    made.#offered = incoming;
    made.#stream = incoming.stream;
    made.#placing = { route, transfer: undefined, unusedBytes: 0 };
    return made;
  }

  /** See {@link Opener}. */
  get isOver(): boolean {
    return this.#isClosed;
  }

  /** Sends a message, once there is room. */
  send(payload: OutboundPayload): void {
    if (this.#isClosed) {
      payload.taken?.();
      return;
    }
    this.#sends.push(payload);
    if (this.#stream !== undefined) this.#flush(this.#stream);
    else if (this.#waiting === undefined) this.#begin();
  }

  /** Ends the thread's direction after what it sent. */
  end(): void {
    this.#owes.end = true;
    if (this.#stream !== undefined) this.#flush(this.#stream);
  }

  /** The thread wants no more messages. */
  stop(): void {
    if (this.#stream === undefined) this.#owes.stop = true;
    else this.#stream.stopReceiving();
  }

  /** The thread has used a message. */
  release(message: number): void {
    this.#messages.release(message);
    this.#forgetIfDone();
  }

  /** Takes a stream that was offered. */
  accept({ isHeld, ordered, queue }: AcceptCommand): void {
    const offered = this.#offered;
    if (offered === undefined) return;
    this.#offered = undefined;
    offered.stream.inbound.isHeld = isHeld;
    offered.accept(this, queue === undefined ? { ordered } : { ordered, queue });
  }

  /** Pulls what was held: into memory, or record by record. */
  pull(windowBytes: number | undefined): void {
    const [stream, placing] = [this.#stream, this.#placing];
    if (stream === undefined || stream.outcome !== undefined || placing === undefined) return;
    if (windowBytes !== undefined) {
      stream.placement = {
        windowBytes,
        record: ({ transfer, offset, bytes }) => {
          placing.transfer = transfer;
          placing.unusedBytes += bytes.length;
          this.#tell({
            kind: "record",
            stream: this.#number,
            offset,
            bytes: this.#host.outbox.copy(bytes),
          });
        },
      };
    }
    stream.inbound.isHeld = false;
    stream.pullMore();
  }

  /** Notes that so many bytes of records were used. */
  placed(bytes: number): void {
    const placing = this.#placing;
    if (placing?.transfer === undefined || this.#isClosed) return;
    // More than there is would have an engine pull beyond the window.
    const used = Math.min(bytes, placing.unusedBytes);
    placing.unusedBytes -= used;
    placing.route.port.placed(placing.transfer, used);
  }

  /** Ends the stream for both sides; tells the thread nothing, which knows. */
  abort(status: number, reason: string): void {
    if (this.#isClosed) return;
    const [stream, offered] = [this.#stream, this.#offered];
    this.#shut();
    if (offered !== undefined) offered.reject(status, reason);
    else stream?.abort(status, reason);
    this.#forgetIfDone();
  }

  /** The thread is gone, and with it whatever it held. */
  lost(): void {
    this.abort(Status.AppTerminated, "its thread ended");
    this.#messages.releaseAll();
    this.#forgetIfDone();
  }

  admitted(path: PathId): void {
    const [opening, layer] = [this.#opening, this.#layer];
    this.#waiting = undefined;
    if (opening === undefined || layer === undefined) return;
    const { pattern, priority, ordered, queue } = opening;
    const stream = layer.open(path, { pattern, priority, ordered, queue, handlers: this });
    this.#stream = stream;
    if (pattern === "rawBulk") {
      stream.onProgress = (ackedBytes, totalBytes) =>
        this.#tell({ kind: "progressed", stream: this.#number, ackedBytes, totalBytes });
    }
    this.#flush(stream);
    if (this.#owes.stop) stream.stopReceiving();
  }

  turnedAway(outcome: StreamOutcome): void {
    this.#waiting = undefined;
    this.closed(outcome);
  }

  opened(): void {
    const { id, token } = this.#stream ?? {};
    this.#tell({ kind: "opened", stream: this.#number, id, token });
  }

  headers(block: Uint8Array): void {
    if (this.#isClosed) return;
    this.#messages.tellHeaders(block, this.#stream?.inbound.hasHeaders === true);
  }

  readable(): void {
    if (this.#isClosed || this.#stream === undefined) return;
    this.#messages.tellAll(this.#stream);
  }

  writable(): void {
    if (this.#stream !== undefined) this.#flush(this.#stream);
  }

  stopped(): void {
    this.#dropSends();
    this.#tell({ kind: "stopped", stream: this.#number });
  }

  closed(outcome: StreamOutcome): void {
    if (this.#isClosed) return;
    if (outcome.status === Status.Ok) this.readable();
    this.#tell({ kind: "closed", stream: this.#number, outcome });
    this.#shut();
    this.#forgetIfDone();
  }

  // Which worker serves the peer may be another one than the thread knew: it asks for the way again, and repeats the call.
  #begin(): void {
    const opening = this.#opening;
    if (opening === undefined) return;
    const { peer, worker, priority } = opening;
    const route = this.#host.routeOver(peer, worker);
    if (route === undefined) {
      const reason = "the peer is reached another way";
      const outcome = { status: Status.LocalResource, reason, rootCause: undefined };
      return this.closed({ ...outcome, isUntaken: true });
    }
    const { layer, path } = route;
    this.#layer = layer;
    const isBound = (this.#sends[0]?.after?.length ?? 0) > 0;
    if (isBound || layer.mayOpen(path, priority, this)) this.admitted(path);
    else this.#waiting = { layer, path };
  }

  #flush(stream: Stream): void {
    while (this.#sends.length > 0 && !this.#isClosed && !stream.isFull) {
      const next = this.#sends.shift();
      if (next !== undefined) this.#sendNow(stream, next);
    }
    if (this.#owes.end && this.#sends.length === 0 && !this.#isClosed) stream.end();
  }

  #sendNow(stream: Stream, payload: OutboundPayload): void {
    const bytes =
      payload.payload instanceof Uint8Array ? payload.payload.length : payload.payload.bytes;
    if (stream.outcome !== undefined || stream.outbound.isStopped) payload.taken?.();
    else {
      try {
        stream.send(payload);
      } catch (error) {
        payload.taken?.();
        stream.abort(Status.Protocol, error instanceof Error ? error.message : "");
      }
    }
    this.#tell({ kind: "sent", stream: this.#number, bytes });
  }

  #tell(news: ShareNews): void {
    if (!this.#isClosed) this.#host.outbox.post(news);
  }

  #shut(): void {
    this.#isClosed = true;
    this.#dropSends();
    const { waiting, opening } = { waiting: this.#waiting, opening: this.#opening };
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.layer.gaveUp(waiting.path, opening?.priority ?? 0);
  }

  #dropSends(): void {
    const lost = this.#sends;
    this.#sends = [];
    for (const { taken } of lost) taken?.();
  }

  #forgetIfDone(): void {
    if (this.#isClosed && this.#messages.isEmpty) this.#host.forget(this.#number);
  }
}
