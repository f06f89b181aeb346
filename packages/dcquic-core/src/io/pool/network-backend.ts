import type { Socket } from "node:net";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { CryptoBackend } from "../../crypto/backend.js";
import type { EngineEvent, PathId } from "../../engine/events.js";
import { isOfMessage } from "../../engine/message-event.js";
import { Status } from "../../engine/status.js";
import type { DcquicEvent } from "../../events/event-groups.js";
import type {
  BackendSink,
  PoolBackend,
  Route,
  RouteStats,
  WorkerMeasure,
} from "../../pool/pool-backend.js";
import { type StreamPath, streamTeller, watchedBy } from "../../pool/stream-events.js";
import type { Reassignment, RouterDependency } from "../../router/request-router.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import type { EnginePort } from "../../stream/engine-port.js";
import type { QueueLimits } from "../../stream/inbound.js";
import type { StreamLayer } from "../../stream/stream-layer.js";
import { CarrierWatch } from "./carrier-watch.js";
import { ForgottenHandles } from "./forgotten-handles.js";
import { formatPeerName } from "./peer-name.js";
import { PeerPaths, type PeerPathsOptions } from "./peer-paths.js";
import type { PoolWorker } from "./pool-worker.js";
import type { BoundWorker, WorkerNews, WorkerOwnNews } from "./worker-binder.js";
import { type WeighedNews, WorkerSet } from "./worker-set.js";

/** What a {@link NetworkBackend} is made with. */
export interface NetworkBackendOptions extends Omit<
  PeerPathsOptions,
  "workers" | "onProved" | "onHandshake" | "onReassigned"
> {
  /** The workers with their drivers; at least one. The first one's port is that of handshakes, at the address of every worker. */
  readonly bound: readonly BoundWorker[];
  /** Seals, opens and compares. */
  readonly crypto: CryptoBackend;
  readonly inlineMaxBytes: number;
  /** log2 of a record's plain bytes. */
  readonly recordLog2: number;
  /** What streams hold for their readers. */
  readonly queue: QueueLimits;
  /** Streams that a peer may have open over a path. */
  readonly maxStreams: number;
  /** Is told that a worker and what it knew are gone. */
  readonly onWorkerLost: () => void;
  /** Stops listening for handshakes. */
  readonly stopListening: () => Promise<void>;
  /** Is told when all workers are closed. */
  readonly onClosed: () => void;
}

const SWEEP_MS = 1000;

/**
 * Peers on a real network: workers with their engines, and the paths that handshakes made. Each peer has one worker as its
 * home; when that is lost, the next call makes a new path on another one.
 *
 * @see spec/dcquic.md §18
 */
export class NetworkBackend implements PoolBackend {
  /** Largest payload that rides in an announcement. */
  readonly inlineMaxBytes: number;
  /** Gives back what the application lost. */
  readonly handleWatch: ForgottenHandles = new ForgottenHandles();
  /** The first worker's port: what it says of time and buffers holds for all. */
  readonly mainPort: EnginePort;
  /** The streams of each worker. */
  readonly layers: readonly StreamLayer[];
  /** The own name, by which peers dial. */
  readonly name: string;
  readonly #options: NetworkBackendOptions;
  readonly #workers: WorkerSet;
  readonly #paths: PeerPaths;
  readonly #sinks = new Set<BackendSink>();
  readonly #notes: DcquicEvent[] = [];
  #watched = 0;
  readonly #sweeper: NodeJS.Timeout;
  readonly #carrier: CarrierWatch;
  #taker: ((incoming: IncomingStream, route: Route) => void) | undefined;

  /** Serves drivers whose events are given to {@link NetworkBackend.handleEvent}, and other news to {@link NetworkBackend.handle}. */
  constructor(options: NetworkBackendOptions) {
    this.#options = options;
    const { bound, crypto, recordLog2, queue, maxStreams } = options;
    this.inlineMaxBytes = options.inlineMaxBytes;
    this.#workers = new WorkerSet({
      bound,
      parts: { timers: systemTime, crypto, random: systemRandom, recordLog2 },
      queue,
      maxStreams,
      onIncoming: (worker, incoming) => this.#show(worker, incoming),
    });
    const { first, all } = this.#workers;
    const { host, port } = first.driver.address;
    this.name = formatPeerName(host, port);
    this.mainPort = first.port;
    this.layers = all.map(({ layer }) => layer);
    this.#paths = new PeerPaths({
      ...options,
      workers: this.#workers,
      onProved: (incoming, route) => this.#offer(incoming, route),
      onHandshake: (event) => this.#tell(event),
      onReassigned: (moved) => this.#tellMoved([moved]),
    });
    this.#sweeper = setInterval(() => this.#paths.sweep(), SWEEP_MS);
    this.#sweeper.unref();
    this.#carrier = new CarrierWatch({
      addresses: new Map(all.map(({ nic, driver }) => [nic, driver.address.host])),
      onChanged: (nic, how) => this.#apply(this.#workers.nicIs(nic, how)),
    }).start();
  }

  /** Whether a path with this credential id exists. */
  knows(credentialId: Uint8Array): boolean {
    return this.#paths.knows(credentialId);
  }

  /**
   * The home of a peer that a path is about to be made to: see `PeerHomes.homeFor`.
   *
   * @throws DcquicError `dcquic.local_resource` when every worker is lost.
   */
  homeFor(peer: string, at?: string): PoolWorker {
    return this.#paths.homes.homeFor(peer, [], at);
  }

  /** See {@link PoolBackend}. */
  get routeStats(): RouteStats {
    const { routerStats, nics } = this.#workers;
    const { handshakes } = this.#paths;
    return { atUs: this.mainPort.nowUs, handshakes, router: routerStats, nics };
  }

  /** Takes what the engine of a worker tells. */
  handleEvent(number: number, event: EngineEvent): void {
    const worker = this.#workers.at(number);
    // Before the streams: that a transfer is over is told before what comes of it.
    if (this.#sinks.size > 0) for (const sink of this.#sinks) sink.engine(number, event);
    if (worker?.isUp === true) {
      const concernsPaths = !isOfMessage(event);
      if (concernsPaths) worker.failover.handle(event);
      worker.layer.handle(event);
      if (concernsPaths) this.#paths.handle(worker, event);
    }
  }

  /** Takes what else a worker tells. */
  handle(number: number, news: WorkerNews): void {
    if (news.kind === "foreign") this.#paths.homes.handOver(news.packet);
    else if (news.kind === "outgoing") this.#workers.sendFor(news.packet);
    else this.#handleWorker(number, news);
  }

  /** See {@link PoolBackend}. */
  route(peer: string, dependencies?: readonly RouterDependency[]): Route | Promise<Route> {
    return this.#paths.route(peer, dependencies);
  }

  /** See {@link PoolBackend}. */
  serve(taker: ((incoming: IncomingStream, route: Route) => void) | undefined): void {
    this.#taker = taker;
  }

  /** See {@link PoolBackend}. */
  subscribe(sink: BackendSink): () => void {
    this.#sinks.add(sink);
    this.#watch();
    // What is not as it was asked for was so before anyone could listen.
    for (const note of this.#notes) sink.own(note);
    return () => {
      if (this.#sinks.delete(sink)) this.#watch();
    };
  }

  /** Answers a dialer's handshake; failures are its own affair. */
  answer(socket: Socket): Promise<void> {
    return this.#paths.answer(socket);
  }

  /** See {@link PoolBackend}. */
  measure(): Promise<readonly WorkerMeasure[]> {
    return this.#workers.measure();
  }

  /** See {@link PoolBackend}. */
  async close(): Promise<void> {
    const { maker, stopListening, onClosed } = this.#options;
    clearInterval(this.#sweeper);
    this.#carrier.close();
    maker.close();
    await stopListening();
    await this.#workers.close();
    onClosed();
  }

  // What nobody wants is not made: engines and streams are told what somebody does.
  #watch(): void {
    const groups = watchedBy(this.#sinks);
    if (groups === this.#watched) return;
    this.#watched = groups;
    for (const worker of this.#workers.all) {
      worker.driver.engine.watch(groups);
      const parts = {
        worker: worker.number,
        nowUs: () => this.mainPort.nowUs,
        pathOf: (path: PathId) => this.#pathOf(worker, path),
        emit: (event: DcquicEvent) => this.#tell(event),
      };
      worker.layer.watch(streamTeller(groups, parts));
    }
  }

  #pathOf(worker: PoolWorker, path: PathId): StreamPath | undefined {
    const known = worker.paths.get(path);
    if (known !== undefined) return known.route;
    const traced = this.#paths.tracedOf(worker, path);
    return traced === undefined ? undefined : { peer: "", ...traced };
  }

  #handleWorker(number: number, news: WorkerOwnNews): void {
    const worker = this.#workers.at(number);
    if (worker === undefined) return;
    // Of a socket on every interface one may be gone, and nobody would see it return: silence tells which peers are lost.
    if (news.kind === "nicLost" && !this.#carrier.gone(worker.nic)) return;
    const weighed = this.#workers.weigh(worker, news);
    if (news.kind === "note") this.#notes.push(...weighed.events);
    this.#apply(weighed);
  }

  #apply({ events, lost, carried, back }: WeighedNews): void {
    for (const event of events) this.#tell(event);
    if (lost.length > 0) this.#lose(lost);
    if (carried.length > 0) this.#tellMoved(this.#workers.carry(carried));
    for (const worker of back) this.#workers.recovered(worker);
  }

  #lose(lost: readonly PoolWorker[]): void {
    this.#options.onWorkerLost();
    const moved = this.#workers.lose(lost);
    for (const worker of lost) {
      // Every home is another one by now: what the engine did not take goes there.
      worker.driver.abandon?.();
      this.#paths.lose(worker);
    }
    this.#tellMoved(moved);
  }

  #tellMoved(moved: readonly Reassignment[]): void {
    for (const { peer, from, to } of moved) {
      this.#tell(this.#workers.event(from, "router.peerReassigned", "info", { peer, to }));
    }
  }

  #tell(event: DcquicEvent): void {
    for (const sink of this.#sinks) sink.own(event);
  }

  #show(worker: PoolWorker, incoming: IncomingStream): void {
    const { path } = incoming.stream;
    const known = worker.paths.get(path);
    if (known !== undefined) this.#offer(incoming, known.route);
    else worker.unproved.get(path)?.push(incoming);
  }

  #offer(incoming: IncomingStream, route: Route): void {
    if (this.#taker === undefined) incoming.reject(Status.NoAcceptor);
    else this.#taker(incoming, route);
  }
}
