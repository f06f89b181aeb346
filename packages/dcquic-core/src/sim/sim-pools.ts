import { SeededRandom, type Timer, type Timers } from "@proj/wire-types";
import type { EngineEvent, PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import { TransportPool, type TransportPoolOptions } from "../pool/transport-pool.js";
import type { BackendSink, PoolBackend, Route, WorkerMeasure } from "../pool/pool-backend.js";
import { streamTeller, watchedBy } from "../pool/stream-events.js";
import { LocalPort } from "../stream/local-port.js";
import { StreamLayer } from "../stream/stream-layer.js";
import type { IncomingStream } from "../stream/incoming-stream.js";
import type { SimHost } from "./sim-host.js";
import { World } from "./world.js";
import type { WorldOptions } from "./world-options.js";

const DEFAULT_INLINE_MAX = 1024;

/**
 * A transport pool on every host of a simulated world. Peers are named by their numbers.
 *
 * Applications are ordinary async functions; {@link SimPools.run} lets their promises settle after each event, so that the
 * same seed gives the same run.
 *
 * @see spec/dcquic.md §23
 */
export class SimPools {
  /** The world. */
  readonly world: World;
  readonly #backends: readonly SimBackend[];
  readonly #pools: readonly TransportPool[];

  /** Builds the world and its pools. */
  constructor(options: Omit<WorldOptions, "onEvent">, pool: TransportPoolOptions = {}) {
    this.world = new World({
      ...options,
      onEvent: (host, event) => this.#backends[host.index]?.handle(event),
    });
    const inlineMaxBytes = options.config?.inlineMaxBytes ?? DEFAULT_INLINE_MAX;
    this.#backends = this.world.hosts.map(
      ({ index }) => new SimBackend(this.world, index, options, inlineMaxBytes),
    );
    this.#pools = this.#backends.map((backend) => TransportPool.on(backend, pool));
  }

  /** The pool of a host. */
  pool(host: number): TransportPool {
    const pool = this.#pools[host];
    if (pool === undefined) throw new RangeError(`there is no host ${host}`);
    return pool;
  }

  /**
   * Makes a new path between two hosts, as when a secret was used for long enough. What runs on the old one is moved to it
   * after a while, by each side when its time has come: `moveAfterUs` for the dialer, half as much later for the listener.
   */
  rehandshake(dialer: number, listener: number, moveAfterUs: number): void {
    const sides = [
      { host: dialer, peer: listener, atUs: moveAfterUs },
      { host: listener, peer: dialer, atUs: 1.5 * moveAfterUs },
    ].map((side) => ({ ...side, before: this.world.host(side.host).paths.get(side.peer) }));
    this.world.rehandshake(dialer, listener, "finish");
    for (const { host, peer, atUs, before } of sides) {
      const after = this.world.host(host).paths.get(peer);
      if (before === undefined || after === undefined) continue;
      this.#backends[host]?.replace(before, after, this.world.nowUs + atUs);
    }
  }

  /**
   * Runs until nothing is scheduled or `untilUs` is reached. `settle` must resolve when no promise is left that could go on:
   * in Node, `setImmediate` does.
   *
   * @throws Error when an invariant is broken.
   */
  async run(untilUs: number, settle: () => Promise<unknown>): Promise<void> {
    do await settle();
    while (this.world.step(untilUs));
  }
}

class SimBackend implements PoolBackend {
  readonly name: string;
  readonly inlineMaxBytes: number;
  readonly mainPort: LocalPort;
  readonly layers: readonly StreamLayer[];
  readonly #world: World;
  readonly #index: number;
  readonly #routes = new Map<PathId, Route>();
  readonly #sinks = new Set<BackendSink>();
  #taker: ((incoming: IncomingStream, route: Route) => void) | undefined;
  #isPumping = false;

  constructor(
    world: World,
    index: number,
    { crypto, seed }: Omit<WorldOptions, "onEvent">,
    inlineMaxBytes: number,
  ) {
    this.#world = world;
    this.#index = index;
    this.name = String(index);
    this.inlineMaxBytes = inlineMaxBytes;
    const host = (): SimHost => world.host(index);
    this.mainPort = new LocalPort(
      {
        get engine() {
          return host().engine;
        },
        get nowUs() {
          return host().nowUs;
        },
        get saidUs() {
          return host().nowUs;
        },
        get buffers() {
          return host().buffers;
        },
        pump: () => this.#pump(),
      },
      { timers: timersOf(world), crypto, random: new SeededRandom(seed ^ (index + 1)) },
    );
    const layer = new StreamLayer({
      port: this.mainPort,
      onIncoming: (incoming) => this.#show(incoming),
    });
    this.layers = [layer];
  }

  handle(event: EngineEvent): void {
    for (const sink of this.#sinks) sink.engine(0, event);
    for (const layer of this.layers) layer.handle(event);
  }

  route(peer: string): Route {
    return this.#routeOf(this.#world.connect(this.#index, Number(peer)));
  }

  serve(taker: ((incoming: IncomingStream, route: Route) => void) | undefined): void {
    this.#taker = taker;
  }

  replace(before: PathId, after: PathId, moveAtUs: number): void {
    for (const layer of this.layers) layer.joinPaths(before, after);
    this.#world.schedule(moveAtUs, () => {
      const { engine, nowUs } = this.#world.host(this.#index);
      engine.moveTransfers(nowUs, before, after);
      for (const layer of this.layers) layer.movePath(before, after);
      this.#pump();
    });
  }

  subscribe(sink: BackendSink): () => void {
    this.#sinks.add(sink);
    this.#watch();
    return () => {
      if (this.#sinks.delete(sink)) this.#watch();
    };
  }

  async measure(): Promise<readonly WorkerMeasure[]> {
    return [{ worker: 0, measured: this.#world.host(this.#index).engine }];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #watch(): void {
    const groups = watchedBy(this.#sinks);
    this.#world.host(this.#index).watch(groups);
    const tell = streamTeller(groups, {
      worker: 0,
      nowUs: () => this.mainPort.nowUs,
      pathOf: (path) => this.#routeOf(path),
      emit: (event) => {
        for (const sink of this.#sinks) sink.own(event);
      },
    });
    for (const layer of this.layers) layer.watch(tell);
  }

  #show(incoming: IncomingStream): void {
    if (this.#taker === undefined) incoming.reject(Status.NoAcceptor);
    else this.#taker(incoming, this.#routeOf(incoming.stream.path));
  }

  #routeOf(path: PathId): Route {
    const known = this.#routes.get(path);
    if (known !== undefined) return known;
    const entry = this.#world.host(this.#index).entries.get(path);
    if (entry === undefined) throw new RangeError(`there is no path ${path}`);
    const [layer] = this.layers;
    if (layer === undefined) throw new RangeError("a host without streams");
    const { identity } = entry;
    const { credentialId, role } = entry.path;
    const route = {
      peer: identity,
      identity,
      worker: 0,
      port: this.mainPort,
      layer,
      path,
      credentialId,
      role,
      senders: [],
    };
    this.#routes.set(path, route);
    return route;
  }

  // One turn for all commands of a moment, as on a real host.
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#world.schedule(this.#world.nowUs, () => {
      this.#isPumping = false;
      this.#world.host(this.#index).pump();
    });
  }
}

function timersOf(world: World): Timers {
  return {
    schedule(delayUs: number, callback: () => void): Timer {
      let isCancelled = false;
      world.schedule(world.nowUs + delayUs, () => {
        if (!isCancelled) callback();
      });
      return { cancel: () => void (isCancelled = true) };
    },
  };
}
