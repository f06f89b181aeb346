import type { ByteStream, Meter, Tracer } from "@proj/wire-types";
import { DcquicError } from "../errors.js";
import { Status } from "../engine/status.js";
import { tellEngineEvent } from "../events/engine-events.js";
import { EventBus, type Subscriber } from "../events/event-bus.js";
import { EventCrossing } from "../events/event-crossing.js";
import { CallLatency } from "../metrics/call-latency.js";
import type { Lane, LaneEnd } from "../share/lane.js";
import { PoolHost } from "../share/pool-host.js";
import { BidirectionalCall } from "./bidirectional-call.js";
import { type Broadcast, broadcastOf } from "./broadcast.js";
import { BufferHandle } from "./buffer-handle.js";
import { StreamBytes } from "./byte-stream.js";
import { CallCore } from "./call-core.js";
import { defer } from "./defer.js";
import { BulkCall } from "./bulk-call.js";
import type { CallOptions, Payload, PayloadProtection } from "./call-options.js";
import { Incoming } from "./incoming.js";
import { IncomingQueue } from "./incoming-queue.js";
import { allocateBuffer } from "./payload-sender.js";
import type { PoolBackend, Route, WorkerMeasure } from "./pool-backend.js";
import { DEFAULT_PRIORITY, PoolCore, type PoolStats } from "./pool-core.js";
import { StreamingRequestCall } from "./streaming-request-call.js";
import { StreamingResponseCall } from "./streaming-response-call.js";
import { UnaryCall } from "./unary-call.js";

/** Answers calls of peers. */
export interface Acceptor {
  /**
   * Is shown each call before any of its payload moved: accept, queue or reject it, now or later. An acceptor that throws
   * rejects the call with `dcquic.app_terminated`.
   */
  accept(incoming: Incoming): void | Promise<void>;
}

/** How a pool is made on a backend. */
export interface TransportPoolOptions {
  /** How payloads too large to ride inline are protected; `record` if absent. */
  readonly protection?: PayloadProtection;
  /** How long {@link TransportPool.close} waits for what runs; 5000 ms if absent. */
  readonly closeGraceMs?: number;
  /** Events of a worker that may wait for a subscriber; 16,384 if absent. */
  readonly eventsRing?: number;
  /** Is told how long calls of this side take; `PoolMetrics` turns the rest into metrics. */
  readonly meter?: Meter;
  /** Starts a span for each call of both sides. */
  readonly tracer?: Tracer;
}

interface Shared {
  readonly core: PoolCore;
  readonly closeGraceMs: number;
  readonly eventsRing: number;
  readonly queue: IncomingQueue;
}

const NO_OPTIONS: CallOptions = {};
const DEFAULT_GRACE_MS = 5000;
const DEFAULT_EVENTS = 16_384;
const ACK_GRACE_US = 200_000;
const POLL_US = 2000;

/**
 * Calls to peers and from peers, in five patterns. Handles are cheap: clone one for each part of a program and close it
 * there; the last one closes the pool.
 *
 * A peer is named by `host:port` where it answers handshakes. The first call to it makes a path, later ones use it.
 *
 * @see spec/dcquic.md §4, §24
 */
export class TransportPool {
  readonly #shared: Shared;
  #isClosed = false;

  private constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Makes a pool on engines and drivers that exist. */
  static on(backend: PoolBackend, options: TransportPoolOptions = {}): TransportPool {
    const { meter, protection = "record", tracer } = options;
    const latency = meter && new CallLatency(meter);
    const core = new PoolCore({ backend, protection, tracer, latency });
    const closeGraceMs = options.closeGraceMs ?? DEFAULT_GRACE_MS;
    const eventsRing = options.eventsRing ?? DEFAULT_EVENTS;
    return new TransportPool({ core, closeGraceMs, eventsRing, queue: new IncomingQueue() });
  }

  /** The own name, by which peers call this side. */
  get name(): string {
    return this.#core.backend.name;
  }

  /** The pool's numbers. */
  get stats(): PoolStats {
    return this.#shared.core.stats;
  }

  /** Asks every worker for its numbers; those that do not answer are left out. */
  measure(): Promise<readonly WorkerMeasure[]> {
    return this.#core.backend.measure();
  }

  /** Another handle on the same pool. */
  clone(): TransportPool {
    this.#core.handles += 1;
    return new TransportPool(this.#shared);
  }

  /**
   * Lets one other thread use the pool over `lane`, whose batches are given to what is returned: `sharePool` of
   * `@proj/dcquic-core/node` makes such a lane. It is a handle of its own, which is closed when that thread closes it, or ends.
   *
   * @throws DcquicError `dcquic.going_away` once this handle is closed.
   * @see spec/dcquic.md §22, D-32
   */
  share(lane: Lane<unknown>): LaneEnd {
    if (this.#isClosed) throw new DcquicError("dcquic.going_away", "the pool is closed");
    const handle = this.clone();
    const { core, eventsRing } = this.#shared;
    return new PoolHost(lane, { core, eventsRing, onOver: () => void handle.close() });
  }

  /** Makes a path to a peer, unless there is one. Rejects with `dcquic.handshake_failed`. */
  async connect(peer: string): Promise<void> {
    await this.#core.backend.route(peer);
  }

  /** One message there, one back. */
  unaryRpc(peer: string, payload: Payload, options: CallOptions = NO_OPTIONS): UnaryCall {
    return new UnaryCall({ core: this.#core, peer, payload, options });
  }

  /** One message there, any number back. */
  streamingResponse(
    peer: string,
    payload: Payload,
    options: CallOptions = {},
  ): StreamingResponseCall {
    return new StreamingResponseCall({ core: this.#core, peer, payload, options });
  }

  /** Any number of messages there, one back. */
  streamingRequest(peer: string, options: CallOptions = {}): StreamingRequestCall {
    return new StreamingRequestCall({ core: this.#core, peer, options });
  }

  /** Any number of messages both ways. */
  bidirectional(peer: string, options: CallOptions = {}): BidirectionalCall {
    return new BidirectionalCall({ core: this.#core, peer, options });
  }

  /**
   * A stream of bytes to a peer, over a bidirectional stream: what runs over TCP runs over it. The peer takes it with
   * `Incoming.byteStream`.
   */
  openByteStream(peer: string, options: CallOptions = {}): ByteStream {
    const bytes = new StreamBytes({ peer, identity: "" }, defer);
    const parts = { core: this.#core, peer, options };
    const call = new CallCore(parts, {
      pattern: "bidirectional",
      began: (stream, sender) => bytes.attach(stream, sender),
      readable: () => bytes.readable(),
      writable: () => bytes.writable(),
      stopped: () => bytes.stopped(),
      over: (error) => (error === undefined ? bytes.readable() : bytes.failed(error)),
      isAnswered: true,
    });
    bytes.onDestroyed = () => call.cancel();
    return bytes;
  }

  /** One message of any size, which the peer places where it wants it. */
  rawBulkTransfer(peer: string, source: Payload, options: CallOptions = {}): BulkCall {
    const size = source instanceof BufferHandle ? source.size : source.length;
    return new BulkCall({ core: this.#core, peer, payload: source, options }, size);
  }

  /** Sends one filled buffer to many peers. Each has its own outcome; a slow or dead one holds up nobody. */
  broadcast(peers: Iterable<string>, buffer: BufferHandle, options: CallOptions = {}): Broadcast {
    const calls = new Map<string, BulkCall>();
    for (const peer of peers) calls.set(peer, this.rawBulkTransfer(peer, buffer, options));
    return broadcastOf(calls);
  }

  /**
   * Allocates a buffer for so many plain bytes; waits while the pool is under pressure, less urgent priorities first.
   *
   * Drop it when nothing more is sent of it. On real networks one that is lost instead is given back when it is collected, some time.
   *
   * Rejects with `dcquic.local_resource` for what never fits.
   */
  async allocateBuffer(
    size: number,
    options: { readonly priority?: number } = {},
  ): Promise<BufferHandle> {
    const { handleWatch, mainPort } = this.#core.backend;
    const handle = await allocateBuffer(mainPort, size, options.priority ?? DEFAULT_PRIORITY);
    return handleWatch === undefined ? handle : handle.watchedBy(handleWatch);
  }

  /**
   * Answers calls of peers from now on, in place of an earlier acceptor. Where other threads do as well, each is shown a call in
   * its turn. Without any acceptor they are refused.
   */
  serve(acceptor: Acceptor | undefined): void {
    const { core, queue } = this.#shared;
    if (acceptor === undefined) return core.acceptors.set(core, undefined);
    const queueUp = (call: Incoming): boolean => queue.push(call);
    core.acceptors.set(core, (stream, route: Route) => {
      const incoming = new Incoming(core, route, stream, queueUp);
      if (core.isClosed) return incoming.reject(Status.GoingAway);
      answer(acceptor, incoming);
    });
  }

  /** Calls that an acceptor queued. */
  get queued(): IncomingQueue {
    return this.#shared.queue;
  }

  /** Tells what happens in every engine to `subscriber`, until the returned function is called. §21 */
  subscribe(subscriber: Subscriber): () => void {
    const bus = new EventBus();
    bus.subscribe(subscriber);
    const { mainPort } = this.#core.backend;
    const nowUs = (): number => mainPort.nowUs;
    const crossing = new EventCrossing({ bus, capacity: this.#shared.eventsRing, nowUs, defer });
    return this.#core.backend.subscribe({
      watched: bus.watched,
      engine: (worker, event) => tellEngineEvent(crossing, mainPort.nowUs, worker, event),
      own: (event) => crossing.emit(event),
    });
  }

  /**
   * Closes this handle. With the last one the pool closes: it admits nothing more, waits for what runs, ends the rest with
   * `dcquic.going_away`, and stops.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { core, closeGraceMs, queue } = this.#shared;
    core.handles -= 1;
    if (core.handles > 0) return;
    core.isClosed = true;
    for (const incoming of queue.close()) incoming.reject(Status.GoingAway);
    await this.#quiet(closeGraceMs * 1000);
    for (const layer of core.backend.layers) layer.closeAll(Status.GoingAway);
    await this.#quiet(ACK_GRACE_US);
    await core.backend.close();
  }

  get #core(): PoolCore {
    return this.#shared.core;
  }

  // Streams of both sides must end; which of them does last nobody tells, so it is looked at now and then.
  async #quiet(graceUs: number): Promise<void> {
    const { core } = this.#shared;
    const { timers, nowUs: startUs } = core.backend.mainPort;
    while (core.stats.streams > 0 && core.backend.mainPort.nowUs - startUs < graceUs) {
      await new Promise<void>((resolve) => void timers.schedule(POLL_US, resolve));
    }
  }
}

function answer(acceptor: Acceptor, incoming: Incoming): void {
  const failed = (error: unknown): void =>
    incoming.close(Status.AppTerminated, error instanceof Error ? error.message : "");
  try {
    Promise.resolve(acceptor.accept(incoming)).catch(failed);
  } catch (error) {
    failed(error);
  }
}
