import type { Socket } from "node:net";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { CryptoBackend } from "../../crypto/backend.js";
import type { EngineEvent, PathId } from "../../engine/events.js";
import { Status } from "../../engine/status.js";
import { DcquicError } from "../../errors.js";
import type { DcquicEvent } from "../../events/event-groups.js";
import { UnknownSecretWatch } from "../../path/unknown-path-secret.js";
import type { BackendSink, PoolBackend, Route, WorkerMeasure } from "../../pool/pool-backend.js";
import type { RouterDependency } from "../../router/request-router.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import type { EnginePort } from "../../stream/engine-port.js";
import type { QueueLimits } from "../../stream/inbound.js";
import type { StreamLayer } from "../../stream/stream-layer.js";
import { type KnownPath, KnownPaths } from "./known-paths.js";
import type { MadePath, PathMaker } from "./path-maker.js";
import { formatPeerName, parsePeerName } from "./peer-name.js";
import { PathHomes } from "./path-homes.js";
import type { PoolWorker } from "./pool-worker.js";
import type { BoundWorker, WorkerNews, WorkerOwnNews } from "./worker-binder.js";
import { WorkerSet } from "./worker-set.js";

/** What a {@link NetworkBackend} is made with. */
export interface NetworkBackendOptions {
  /** The workers with their drivers; at least one. The first one's port is that of handshakes. */
  readonly bound: readonly BoundWorker[];
  readonly maker: PathMaker;
  readonly crypto: CryptoBackend;
  readonly inlineMaxBytes: number;
  /** log2 of a record's plain bytes. */
  readonly recordLog2: number;
  /** What streams hold for their readers. */
  readonly queue: QueueLimits;
  /** How many path secrets are kept. */
  readonly pathCapacity: number;
  /** Who may make paths: is asked with the name that the peer proved. */
  readonly authorize: (identity: string) => boolean;
  /** How long a path is used before its secret is replaced, give or take a fifth; ms. */
  readonly rehandshakeMs: number;
  /** Is told that a worker and what it knew are gone. */
  readonly onWorkerLost: () => void;
  /** Stops listening for handshakes. */
  readonly stopListening: () => Promise<void>;
}

const SWEEP_MS = 1000;
const REDIAL_AFTER_US = 10_000_000;
const JITTER = 0.2;
const GONE: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
]);

/**
 * Peers on a real network: workers with their engines, and the paths that handshakes made. Each peer has one worker as its
 * home; when that is lost, the next call makes a new path on another one.
 *
 * A path is replaced, not repaired: when its keys run out, when a day has passed, when its peer forgot it. What runs on the
 * old one finishes there, for at most a minute.
 *
 * @see spec/dcquic.md §7.1, §7.4, §18
 */
export class NetworkBackend implements PoolBackend {
  /** Largest payload that rides in an announcement. */
  readonly inlineMaxBytes: number;
  /** The first worker's port: what it says of time and buffers holds for all. */
  readonly mainPort: EnginePort;
  /** The streams of each worker. */
  readonly layers: readonly StreamLayer[];
  /** The own name, by which peers dial. */
  readonly name: string;
  readonly #options: NetworkBackendOptions;
  readonly #workers: WorkerSet;
  readonly #homes: PathHomes;
  readonly #known: KnownPaths;
  readonly #dialling = new Map<string, Promise<Route>>();
  readonly #dialledUs = new Map<string, number>();
  readonly #watch: UnknownSecretWatch;
  readonly #sinks = new Set<BackendSink>();
  readonly #notes: DcquicEvent[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #taker: ((incoming: IncomingStream, route: Route) => void) | undefined;

  /** Serves drivers whose events are given to {@link NetworkBackend.handle}. */
  constructor(options: NetworkBackendOptions) {
    this.#options = options;
    const { bound, crypto, recordLog2, queue } = options;
    this.inlineMaxBytes = options.inlineMaxBytes;
    this.#workers = new WorkerSet({
      bound,
      parts: { timers: systemTime, crypto, random: systemRandom, recordLog2 },
      queue,
      onIncoming: (worker, incoming) => this.#show(worker, incoming),
    });
    const { first, all } = this.#workers;
    const { host, port } = first.driver.address;
    this.name = formatPeerName(host, port);
    this.mainPort = first.port;
    this.#homes = new PathHomes(all);
    this.layers = all.map(({ layer }) => layer);
    this.#known = new KnownPaths(options.pathCapacity, (path) =>
      this.#drop(path.home, path.route.path),
    );
    this.#watch = new UnknownSecretWatch(crypto);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  /** Whether a path with this credential id exists. */
  knows(credentialId: Uint8Array): boolean {
    return this.#known.byCredentialId(credentialId) !== undefined;
  }

  /** The home of a peer, chosen now if it has none. @throws DcquicError `dcquic.local_resource` when every worker is lost. */
  homeOf(peer: string, dependencies: readonly RouterDependency[] = []): PoolWorker {
    return this.#workers.homeOf(peer, dependencies);
  }

  /** Takes what a worker tells. */
  handle(number: number, news: WorkerNews): void {
    if (news.kind === "engine") this.#handleEvent(number, news.event);
    else if (news.kind === "foreign") this.#homes.pass(news.packet);
    else this.#handleWorker(number, news);
  }

  /** See {@link PoolBackend}. */
  route(peer: string, dependencies?: readonly RouterDependency[]): Route | Promise<Route> {
    const known = this.#known.newest(peer);
    if (known === undefined) return this.#dial(peer, [], dependencies);
    known.wasUsed = true;
    const { engine, nowUs } = known.home.driver;
    // A peer that was started anew may have no way to say so: then only a handshake reaches it.
    const isLost = engine.peerState(known.route.path) === "failed";
    const dialledUs = this.#dialledUs.get(peer) ?? Number.NEGATIVE_INFINITY;
    if (!isLost || nowUs - dialledUs < REDIAL_AFTER_US) return known.route;
    return this.#dial(peer, [known.route.credentialId]);
  }

  /** See {@link PoolBackend}. */
  serve(taker: ((incoming: IncomingStream, route: Route) => void) | undefined): void {
    this.#taker = taker;
  }

  /** See {@link PoolBackend}. */
  subscribe(sink: BackendSink): () => void {
    this.#sinks.add(sink);
    // What is not as it was asked for was so before anyone could listen.
    for (const note of this.#notes) sink.own(note);
    return () => void this.#sinks.delete(sink);
  }

  /** Answers a dialer's handshake; failures are its own affair. */
  async answer(socket: Socket): Promise<void> {
    const { maker } = this.#options;
    let inserted: Inserted | undefined;
    try {
      const made = await maker.answer(socket, (early) => (inserted = this.#insert(early)));
      if (inserted === undefined) return;
      this.#adopt(made, inserted, made.peer);
    } catch {
      if (inserted !== undefined) this.#drop(inserted.home, inserted.path);
      socket.destroy();
    }
  }

  /** See {@link PoolBackend}. */
  measure(): Promise<readonly WorkerMeasure[]> {
    return this.#workers.measure();
  }

  /** See {@link PoolBackend}. */
  async close(): Promise<void> {
    const { maker, stopListening } = this.#options;
    clearInterval(this.#sweeper);
    maker.close();
    await stopListening();
    await this.#workers.close();
  }

  #handleEvent(number: number, event: EngineEvent): void {
    const worker = this.#workers.at(number);
    if (worker?.isUp === true) {
      worker.failover.handle(event);
      worker.layer.handle(event);
      if (event.kind === "handshakeDue") this.#replace(worker.paths.get(event.path));
      else if (event.kind === "unknownPathSecret") {
        this.#doubt(worker.paths.get(event.path), event.token);
      } else if (event.kind === "pathFailed" && GONE.has(event.status)) {
        const failed = worker.paths.get(event.path);
        if (failed !== undefined) this.#known.retire(worker.driver.nowUs, failed);
      }
    }
    for (const sink of this.#sinks) sink.engine(number, event);
  }

  #handleWorker(number: number, news: WorkerOwnNews): void {
    const { event, isLost, isBack } = this.#workers.weigh(number, news);
    if (news.kind === "note") this.#notes.push(event);
    this.#tell(event);
    if (isLost) this.#lose(number);
    if (isBack) this.#workers.recovered(number);
  }

  // Its windows are gone with it: every peer needs a new path before anything under it is accepted. §18
  #lose(number: number): void {
    const worker = this.#workers.at(number);
    if (worker === undefined) return;
    this.#options.onWorkerLost();
    const paths = [...worker.paths.values()];
    const moved = this.#workers.lose(worker);
    // Every home is another one by now: what the engine did not take goes there.
    worker.driver.abandon?.();
    for (const known of paths) this.#known.remove(known);
    const early = [...worker.unproved.keys()];
    for (const path of [...paths.map(({ route }) => route.path), ...early]) {
      this.#homes.remove(worker, path);
      worker.failover.forget(path);
      worker.unproved.delete(path);
      worker.layer.failPath(path, Status.LocalResource);
      // One that merely stood still must not go on with them when it turns again.
      worker.driver.engine.removePath(path);
    }
    for (const { peer, from, to } of moved) {
      this.#tell(this.#workers.event(from, "router.peerReassigned", "info", { peer, to }));
    }
  }

  #tell(event: DcquicEvent): void {
    for (const sink of this.#sinks) sink.own(event);
  }

  #insert(early: Omit<MadePath, "identity">): Inserted {
    const home = this.#workers.homeOf(early.peer, []);
    const { driver, failover, unproved } = home;
    const address = driver.addressOf(early.host, early.port);
    const path = driver.engine.addPath(driver.nowUs, early.path, address);
    unproved.set(path, []);
    this.#homes.add(home, path, early.path.credentialId);
    failover.watch(path, early.path.peer.endpoints, early.host, early.port);
    return { home, path };
  }

  #drop(home: PoolWorker, path: PathId): void {
    this.#homes.remove(home, path);
    home.failover.forget(path);
    home.unproved.delete(path);
    if (!home.isUp) return;
    home.layer.failPath(path, Status.GoingAway);
    home.driver.engine.removePath(path);
    home.driver.pump();
  }

  #dial(
    peer: string,
    asked: readonly Uint8Array[],
    dependencies: readonly RouterDependency[] = [],
  ): Promise<Route> {
    const running = this.#dialling.get(peer);
    if (running !== undefined) return running;
    const dialling = this.#handshake(peer, asked, dependencies).finally(() =>
      this.#dialling.delete(peer),
    );
    this.#dialling.set(peer, dialling);
    return dialling;
  }

  async #handshake(
    peer: string,
    asked: readonly Uint8Array[],
    dependencies: readonly RouterDependency[],
  ): Promise<Route> {
    const { maker } = this.#options;
    this.#workers.homeOf(peer, dependencies);
    this.#dialledUs.set(peer, this.mainPort.nowUs);
    let inserted: Inserted | undefined;
    try {
      const at = parsePeerName(peer);
      const made = await maker.dial(peer, at, asked, (early) => (inserted = this.#insert(early)));
      if (inserted === undefined) {
        throw new DcquicError("dcquic.handshake_failed", "no path was made");
      }
      return this.#adopt(made, inserted, peer);
    } catch (error) {
      if (inserted !== undefined) this.#drop(inserted.home, inserted.path);
      if (this.#known.newest(peer) === undefined) this.#workers.forget(peer);
      throw error;
    }
  }

  #adopt(made: MadePath, { home, path }: Inserted, peer: string): Route {
    const { authorize, rehandshakeMs } = this.#options;
    const { identity } = made;
    if (!authorize(identity)) {
      throw new DcquicError("dcquic.handshake_failed", `${identity} is not admitted`);
    }
    if (!home.isUp) throw new DcquicError("dcquic.local_resource", "the worker was lost");
    const { driver, layer, port, unproved } = home;
    const { credentialId } = made.path;
    const { nowUs } = driver;
    const jitter = 1 - JITTER + (2 * JITTER * (systemRandom.fill(new Uint8Array(1))[0] ?? 0)) / 255;
    const route: Route = {
      peer,
      identity,
      worker: home.number,
      port,
      layer,
      path,
      credentialId,
    };
    const replaceAtUs = nowUs + rehandshakeMs * 1000 * jitter;
    const { added, before } = this.#known.add(nowUs, home, route, {
      path: made.path,
      replaceAtUs,
    });
    if (before !== undefined && this.#watch.isStateLost(before.entry, added.entry)) {
      before.home.driver.engine.failPath(before.route.path, Status.PeerStateLost);
      before.home.driver.pump();
    } else if (before?.home === home) layer.joinPaths(before.route.path, path);
    const early = unproved.get(path) ?? [];
    unproved.delete(path);
    for (const incoming of early) this.#offer(incoming, route);
    return route;
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

  #replace(known: KnownPath | undefined): void {
    if (known === undefined || known.entry.retiredAtUs !== undefined) return;
    // A peer that cannot be reached now is tried again with the next call to it.
    this.#dial(known.route.peer, [known.route.credentialId]).catch(() => {});
  }

  #doubt(known: KnownPath | undefined, token: Uint8Array): void {
    if (known === undefined) return;
    const { nowUs } = this.mainPort;
    if (this.#watch.judge(nowUs, known.entry, token) === "askPeer") this.#replace(known);
  }

  #sweep(): void {
    const { nowUs } = this.mainPort;
    for (const known of this.#known.due(nowUs)) this.#replace(known);
    for (const { before, after } of this.#known.takeLingering(nowUs)) {
      const { driver, layer } = before.home;
      driver.engine.moveTransfers(driver.nowUs, before.route.path, after.route.path);
      layer.movePath(before.route.path, after.route.path);
      driver.pump();
    }
    for (const { home, route } of this.#known.takeRetired(nowUs)) {
      this.#drop(home, route.path);
      if (this.#known.newest(route.peer) === undefined) this.#workers.forget(route.peer);
    }
  }
}

/** A path that an engine has, before its peer proved itself. */
interface Inserted {
  readonly home: PoolWorker;
  readonly path: PathId;
}
