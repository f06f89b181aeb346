import type { Socket } from "node:net";
import { formatHex } from "@proj/wire-types";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { CryptoBackend } from "../../crypto/backend.js";
import type { EngineEvent, PathId } from "../../engine/events.js";
import { Status } from "../../engine/status.js";
import { DcquicError } from "../../errors.js";
import type { PathEntry } from "../../path/secret-map.js";
import { UnknownSecretWatch } from "../../path/unknown-path-secret.js";
import type { PoolBackend, Route } from "../../pool/pool-backend.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import type { EnginePort } from "../../stream/engine-port.js";
import { StreamLayer } from "../../stream/stream-layer.js";
import type { MadePath, PathMaker } from "./path-maker.js";
import { EndpointFailover } from "./endpoint-failover.js";
import { formatPeerName, parsePeerName } from "./peer-name.js";
import type { PoolDriver } from "./pool-driver.js";

/** What a {@link NetworkBackend} is made with. */
export interface NetworkBackendOptions {
  readonly driver: PoolDriver;
  readonly maker: PathMaker;
  readonly crypto: CryptoBackend;
  readonly inlineMaxBytes: number;
  /** log2 of a record's plain bytes. */
  readonly recordLog2: number;
  /** Who may make paths: is asked with the name that the peer proved. */
  readonly authorize: (identity: string) => boolean;
  /** How long a path is used before its secret is replaced, give or take a fifth; ms. */
  readonly rehandshakeMs: number;
  /** Stops listening for handshakes. */
  readonly stopListening: () => Promise<void>;
}

interface Known {
  readonly route: Route;
  entry: PathEntry;
  readonly replaceAtUs: number;
  /** Since when a newer path of the same peer serves its calls. */
  retiredAtUs: number | undefined;
}

const RETIRE_AFTER_US = 60_000_000;
const SWEEP_MS = 1000;
const REDIAL_AFTER_US = 10_000_000;
const JITTER = 0.2;
const GONE: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
]);

/**
 * Peers on a real network: one engine and its driver, and the paths that handshakes made.
 *
 * A path is replaced, not repaired: when its keys run out, when a day has passed, when its peer forgot it. What runs on the
 * old one finishes there, for at most a minute.
 *
 * @see spec/dcquic.md §7.1, §7.4
 */
export class NetworkBackend implements PoolBackend {
  /** Largest payload that rides in an announcement. */
  readonly inlineMaxBytes: number;
  /** The engine's port. */
  readonly mainPort: EnginePort;
  /** Its streams. */
  readonly layers: readonly StreamLayer[];
  /** The own name, by which peers dial. */
  readonly name: string;
  readonly #options: NetworkBackendOptions;
  readonly #layer: StreamLayer;
  readonly #paths = new Map<PathId, Known>();
  readonly #newest = new Map<string, Known>();
  // Paths whose peers may send already and did not prove yet that they have the secret.
  readonly #unproved = new Map<PathId, IncomingStream[]>();
  readonly #dialling = new Map<string, Promise<Route>>();
  readonly #dialledUs = new Map<string, number>();
  readonly #watch: UnknownSecretWatch;
  readonly #failover: EndpointFailover;
  readonly #subscribers = new Set<(event: EngineEvent) => void>();
  readonly #sweeper: NodeJS.Timeout;
  #taker: ((incoming: IncomingStream, route: Route) => void) | undefined;

  /** Serves a driver whose events are given to {@link NetworkBackend.handle}. */
  constructor(options: NetworkBackendOptions) {
    this.#options = options;
    const { driver, crypto, recordLog2 } = options;
    this.inlineMaxBytes = options.inlineMaxBytes;
    this.name = formatPeerName(driver.address.host, driver.address.port);
    this.mainPort = driver.port({ timers: systemTime, crypto, random: systemRandom, recordLog2 });
    this.#layer = new StreamLayer({
      port: this.mainPort,
      onIncoming: (incoming) => this.#show(incoming),
    });
    this.layers = [this.#layer];
    this.#watch = new UnknownSecretWatch(crypto);
    this.#failover = new EndpointFailover(driver);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  /** Whether a path with this credential id exists. */
  knows(credentialId: Uint8Array): boolean {
    const name = formatHex(credentialId);
    return [...this.#paths.values()].some(({ route }) => formatHex(route.credentialId) === name);
  }

  /** Takes an event of the engine. */
  handle(event: EngineEvent): void {
    this.#failover.handle(event);
    this.#layer.handle(event);
    if (event.kind === "handshakeDue") this.#replace(event.path);
    else if (event.kind === "unknownPathSecret") this.#doubt(event.path, event.token);
    else if (event.kind === "pathFailed" && GONE.has(event.status)) this.#retire(event.path);
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  /** See {@link PoolBackend}. */
  route(peer: string): Route | Promise<Route> {
    const known = this.#newest.get(peer);
    if (known === undefined) return this.#dial(peer, []);
    const { engine, nowUs } = this.#options.driver;
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
  subscribe(subscriber: (event: EngineEvent) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  /** Answers a dialer's handshake; failures are its own affair. */
  async answer(socket: Socket): Promise<void> {
    const { maker } = this.#options;
    let path: PathId | undefined;
    try {
      const made = await maker.answer(socket, (early) => (path = this.#insert(early)));
      if (path === undefined) return;
      const { route } = this.#adopt(made, path, formatPeerName(made.host, made.port));
      const early = this.#unproved.get(path) ?? [];
      this.#unproved.delete(path);
      for (const incoming of early) this.#offer(incoming, route);
    } catch {
      if (path !== undefined) this.#drop(path);
      socket.destroy();
    }
  }

  #insert(early: Omit<MadePath, "identity">): PathId {
    const { driver } = this.#options;
    const address = driver.addressOf(early.host, early.port);
    const path = driver.engine.addPath(driver.nowUs, early.path, address);
    this.#unproved.set(path, []);
    this.#failover.watch(path, early.path.peer.endpoints, early.host, early.port);
    return path;
  }

  #drop(path: PathId): void {
    this.#failover.forget(path);
    this.#unproved.delete(path);
    this.#layer.failPath(path, Status.GoingAway);
    this.#options.driver.engine.removePath(path);
  }

  /** See {@link PoolBackend}. */
  async close(): Promise<void> {
    const { maker, stopListening, driver } = this.#options;
    clearInterval(this.#sweeper);
    maker.close();
    await stopListening();
    this.#failover.close();
    await driver.close();
  }

  #dial(peer: string, asked: readonly Uint8Array[]): Promise<Route> {
    const running = this.#dialling.get(peer);
    if (running !== undefined) return running;
    const dialling = this.#handshake(peer, asked).finally(() => this.#dialling.delete(peer));
    this.#dialling.set(peer, dialling);
    return dialling;
  }

  async #handshake(peer: string, asked: readonly Uint8Array[]): Promise<Route> {
    const { maker, driver } = this.#options;
    this.#dialledUs.set(peer, driver.nowUs);
    let path: PathId | undefined;
    try {
      const made = await maker.dial(
        parsePeerName(peer),
        asked,
        (early) => (path = this.#insert(early)),
      );
      if (path === undefined) throw new DcquicError("dcquic.handshake_failed", "no path was made");
      const { route } = this.#adopt(made, path, peer);
      this.#unproved.delete(path);
      return route;
    } catch (error) {
      if (path !== undefined) this.#drop(path);
      throw error;
    }
  }

  #adopt(made: MadePath, path: PathId, peer: string): Known {
    const { authorize, driver, rehandshakeMs } = this.#options;
    const { identity } = made;
    if (!authorize(identity)) {
      throw new DcquicError("dcquic.handshake_failed", `${identity} is not admitted`);
    }
    const { credentialId } = made.path;
    const route = { peer, identity, port: this.mainPort, layer: this.#layer, path, credentialId };
    const { nowUs } = driver;
    const jitter = 1 - JITTER + (2 * JITTER * (systemRandom.fill(new Uint8Array(1))[0] ?? 0)) / 255;
    const known: Known = {
      route,
      entry: {
        path: made.path,
        identity: peer,
        createdUs: nowUs,
        usedUs: nowUs,
        liveTransfers: 0,
        retiredAtUs: undefined,
      },
      replaceAtUs: nowUs + rehandshakeMs * 1000 * jitter,
      retiredAtUs: undefined,
    };
    const before = this.#newest.get(peer);
    if (before !== undefined) {
      before.retiredAtUs = nowUs;
      if (this.#watch.isStateLost(before.entry, known.entry)) {
        driver.engine.failPath(before.route.path, Status.PeerStateLost);
        driver.pump();
      }
    }
    this.#paths.set(path, known);
    this.#newest.set(peer, known);
    return known;
  }

  #show(incoming: IncomingStream): void {
    const { path } = incoming.stream;
    const known = this.#paths.get(path);
    if (known !== undefined) this.#offer(incoming, known.route);
    else this.#unproved.get(path)?.push(incoming);
  }

  #offer(incoming: IncomingStream, route: Route): void {
    if (this.#taker === undefined) incoming.reject(Status.NoAcceptor);
    else this.#taker(incoming, route);
  }

  #replace(path: PathId): void {
    const known = this.#paths.get(path);
    if (known === undefined || known.retiredAtUs !== undefined) return;
    // A peer that cannot be reached now is tried again with the next call to it.
    this.#dial(known.route.peer, [known.route.credentialId]).catch(() => {});
  }

  #doubt(path: PathId, token: Uint8Array): void {
    const known = this.#paths.get(path);
    if (known === undefined) return;
    const { nowUs } = this.#options.driver;
    if (this.#watch.judge(nowUs, known.entry, token) === "askPeer") this.#replace(path);
  }

  #retire(path: PathId): void {
    const known = this.#paths.get(path);
    if (known === undefined) return;
    known.retiredAtUs ??= this.#options.driver.nowUs;
    if (this.#newest.get(known.route.peer) === known) this.#newest.delete(known.route.peer);
  }

  #sweep(): void {
    const { driver } = this.#options;
    const { nowUs } = driver;
    for (const [path, known] of this.#paths) {
      const { retiredAtUs } = known;
      if (retiredAtUs === undefined) {
        if (nowUs >= known.replaceAtUs) this.#replace(path);
        continue;
      }
      const isIdle = this.#layer.streamsOn(path) === 0;
      if (!isIdle && nowUs - retiredAtUs < RETIRE_AFTER_US) continue;
      this.#paths.delete(path);
      this.#drop(path);
      driver.pump();
    }
  }
}
