import type { PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import type { PoolLayer } from "../pool/pool-port.js";
import type { AcceptOptions } from "../stream/incoming-stream.js";
import { DEFAULT_QUEUE, type InboundMessage, type QueueLimits } from "../stream/inbound.js";
import { type Opener, Openings } from "../stream/openings.js";
import type { OpenOptions, OutboundPayload, Stream, StreamOutcome } from "../stream/stream.js";
import type { Id64 } from "../wire/id64.js";
import { RemoteStream, type RemoteHost } from "./remote-stream.js";
import type { RemoteLink } from "./remote-link.js";

const PRIORITIES = 8;
const MAX_REASON = 1024;

/**
 * The streams that this thread has with one worker of a pool on another thread: commands go over the lane, and what the other
 * thread tells is told to the streams. Of each peer and priority only so many openings are on their way at a time.
 */
export class RemoteLayer implements PoolLayer, RemoteHost {
  /** What streams may have on their way where nothing else is chosen. */
  readonly queue: QueueLimits = DEFAULT_QUEUE;
  readonly #link: RemoteLink;
  readonly #worker: number;
  readonly #streams = new Set<RemoteStream>();
  // Nobody knows here how long the way to the peer is.
  readonly #openings = new Openings(() => Number.POSITIVE_INFINITY);

  /** Streams with worker number `worker`. */
  constructor(link: RemoteLink, worker: number) {
    this.#link = link;
    this.#worker = worker;
  }

  /** See {@link PoolLayer}. */
  get size(): number {
    return this.#streams.size + this.#openings.waiting;
  }

  /** See {@link PoolLayer}. */
  get waiting(): number {
    return this.#openings.waiting;
  }

  /** See {@link PoolLayer}. */
  get waited(): number {
    return this.#openings.waited;
  }

  /** See {@link PoolLayer}. */
  mayOpen(path: PathId, priority: number, opener: Opener): boolean {
    if (!(priority in LEVELS)) throw new RangeError(`priority ${priority}`);
    return this.#openings.mayOpen(path, priority, opener);
  }

  /** See {@link PoolLayer}. */
  gaveUp(path: PathId, priority: number): void {
    this.#openings.gaveUp(path, priority);
  }

  /** See {@link PoolLayer}. */
  open(path: PathId, options: OpenOptions): Stream {
    const { pattern, priority, ordered, queue } = options;
    if (!(priority in LEVELS)) throw new RangeError(`priority ${priority}`);
    const stream = this.#link.open((number) => {
      return new RemoteStream(this, number, path, pattern, priority, options);
    });
    this.#streams.add(stream);
    this.#openings.opened(stream);
    const peer = this.#link.peerOf(path);
    const [worker, number] = [this.#worker, stream.number];
    const sent = { pattern, priority, ordered, queue, peer, worker, stream: number };
    this.#link.outbox.post({ kind: "open", ...sent });
    return stream;
  }

  /** A stream that a peer opened. */
  offered(stream: RemoteStream): void {
    this.#streams.add(stream);
  }

  /** See {@link PoolLayer}. */
  watchToken(
    token: Id64,
    wait: "request" | "response",
    done: (how: "reached" | "failed") => void,
  ): void {
    this.#link.watch(this.#worker, token, wait, done);
  }

  /** See {@link PoolLayer}. */
  closeAll(status: number): void {
    this.#openings.failAll({ status, reason: "", rootCause: undefined });
    for (const stream of this.#streams) stream.abort(status);
  }

  /** The lane is closed. */
  lost(outcome: StreamOutcome): void {
    this.#openings.failAll(outcome);
    for (const stream of this.#streams) this.over(stream, outcome);
  }

  /** Its opening was announced, and has the id and the token that it was given. */
  opened(stream: RemoteStream): void {
    this.#openings.answered(stream);
    stream.handlers.opened?.();
  }

  /** It was said how a stream ended: that counts at once, or once everything was taken. */
  closed(stream: RemoteStream, outcome: StreamOutcome): void {
    if (outcome.status === Status.Ok && !stream.inbound.isOver) stream.ending = outcome;
    else this.over(stream, outcome);
  }

  /** Ends a stream on this thread. */
  over(stream: RemoteStream, outcome: StreamOutcome): void {
    if (stream.outcome !== undefined) return;
    stream.outcome = outcome;
    this.#openings.answered(stream);
    this.#streams.delete(stream);
    this.#link.forget(stream);
    this.#drop(stream);
    stream.handlers.closed(outcome);
  }

  /** See {@link RemoteHost}. */
  submit(stream: Stream, outbound: OutboundPayload): void {
    if (!(stream instanceof RemoteStream)) return;
    const { payload, isLast, isHeaders, meta, after, track, taken } = outbound;
    const { outbox, buffers } = this.#link;
    const shown = payload instanceof Uint8Array ? outbox.copy(payload) : buffers.numberOf(payload);
    const said = { isLast, isHeaders, after, track, meta: meta && new Uint8Array(meta) };
    outbox.post({ kind: "send", stream: stream.number, payload: shown, ...said });
    // The other thread takes its own reference before it sees that this one goes.
    taken?.();
  }

  /** See {@link RemoteHost}: the other thread pulls. */
  pull(): void {}

  /** See {@link RemoteHost}. */
  use({ stream, transfer }: InboundMessage): void {
    if (stream instanceof RemoteStream && stream.isEndTold) return;
    this.#link.outbox.post({ kind: "release", stream: transfer.hi, message: transfer.lo });
  }

  /** See {@link RemoteHost}. */
  closeDirection(stream: Stream, scope: "sendDone" | "receiveDone"): void {
    if (!(stream instanceof RemoteStream)) return;
    this.#link.outbox.post({ kind: scope === "sendDone" ? "end" : "stop", stream: stream.number });
    if (scope === "sendDone") return;
    this.#drop(stream);
    this.check(stream);
  }

  /** See {@link RemoteHost}. */
  abort(stream: Stream, status: number, reason: string, rootCause?: Id64): void {
    if (!(stream instanceof RemoteStream)) return;
    const said = reason.slice(0, MAX_REASON);
    this.#link.outbox.post({ kind: "abort", stream: stream.number, status, reason: said });
    this.over(stream, { status, reason, rootCause });
  }

  /** See {@link RemoteHost}. */
  check(stream: Stream): void {
    if (!(stream instanceof RemoteStream) || stream.ending === undefined) return;
    if (stream.inbound.isOver) this.over(stream, stream.ending);
  }

  /** See {@link RemoteHost}. */
  accepted(stream: RemoteStream, { ordered = true, queue }: AcceptOptions): void {
    const { isHeld } = stream.inbound;
    stream.isHeldThere = isHeld;
    this.#link.outbox.post({ kind: "accept", stream: stream.number, isHeld, ordered, queue });
  }

  /** See {@link RemoteHost}. */
  pullHeld(stream: RemoteStream): void {
    const windowBytes = stream.placement?.windowBytes;
    this.#link.outbox.post({ kind: "pull", stream: stream.number, windowBytes });
  }

  #drop(stream: RemoteStream): void {
    for (const message of stream.inbound.drop()) this.use(message);
  }
}

const LEVELS: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: PRIORITIES }, (_, level) => [level, true as const]),
);
