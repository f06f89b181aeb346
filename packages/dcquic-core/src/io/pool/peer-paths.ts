import type { Socket } from "node:net";
import { systemRandom } from "@proj/wire-types/system";
import type { CryptoBackend } from "../../crypto/backend.js";
import type { EngineEvent, PathId } from "../../engine/events.js";
import { Status } from "../../engine/status.js";
import { DcquicError } from "../../errors.js";
import type { Hello } from "../../path/hello.js";
import { UnknownSecretWatch } from "../../path/unknown-path-secret.js";
import type { DcquicEvent } from "../../events/event-groups.js";
import type { HandshakeCounts, Route } from "../../pool/pool-backend.js";
import type { Reassignment, RouterDependency } from "../../router/request-router.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import { handshakeAddresses } from "./handshake-addresses.js";
import { HandshakeLog } from "./handshake-log.js";
import { type KnownPath, KnownPaths } from "./known-paths.js";
import { PathHomes } from "./path-homes.js";
import type { MadePath, PathMaker } from "./path-maker.js";
import { hasFailed, PeerHomes } from "./peer-homes.js";
import type { TracedPath } from "../../pool/traceparent.js";
import type { PoolWorker } from "./pool-worker.js";
import type { WorkerSet } from "./worker-set.js";

/** What {@link PeerPaths} are made with. */
export interface PeerPathsOptions {
  /** Whose engines the paths are in. */
  readonly workers: WorkerSet;
  /** Makes them. */
  readonly maker: PathMaker;
  /** Compares tokens. */
  readonly crypto: CryptoBackend;
  /** How many path secrets are kept. */
  readonly pathCapacity: number;
  /** Who may make paths: is asked with the name that the peer proved. */
  readonly authorize: (identity: string) => boolean;
  /** How long a path is used before its secret is replaced, give or take a fifth; ms. */
  readonly rehandshakeMs: number;
  /** Is given what a peer opened before it had proved itself, once it has. */
  readonly onProved: (incoming: IncomingStream, route: Route) => void;
  /** Is told what became of a handshake. */
  readonly onHandshake: (event: DcquicEvent) => void;
  /** Is told of a peer that got another home. */
  readonly onReassigned: (moved: Reassignment) => void;
}

const REDIAL_AFTER_US = 10_000_000;
const JITTER = 0.2;
const GONE: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
]);

/**
 * The paths of a pool from their handshakes to their end.
 *
 * A path is replaced, not repaired: when its keys run out, when a day has passed, when its peer forgot it. What runs on the
 * old one finishes there, or goes on on the next one after half a minute.
 *
 * @see spec/dcquic.md §7.1, §7.4, §10.4, §18
 */
export class PeerPaths {
  /** Which worker a peer's next path is made to. */
  readonly homes: PeerHomes;
  readonly #shared: PathHomes;
  readonly #options: PeerPathsOptions;
  readonly #known: KnownPaths;
  readonly #dialling = new Map<string, Promise<Route>>();
  readonly #dialFailedUs = new Map<string, number>();
  // What peers last said of themselves: one that cannot be reached where it is named may be elsewhere.
  readonly #heard = new Map<string, Hello>();
  readonly #watch: UnknownSecretWatch;
  readonly #handshakes = new HandshakeLog((event) => this.#options.onHandshake(event));

  /** Has no paths yet. */
  constructor(options: PeerPathsOptions) {
    this.#options = options;
    this.#shared = new PathHomes(options.workers.all);
    this.#known = new KnownPaths(options.pathCapacity, (path) =>
      this.#drop(path.home, path.route.path),
    );
    this.homes = new PeerHomes({ ...options, known: this.#known, shared: this.#shared });
    this.#watch = new UnknownSecretWatch(options.crypto);
  }

  /** Whether a path with this credential id exists. */
  knows(credentialId: Uint8Array): boolean {
    return this.#known.byCredentialId(credentialId) !== undefined;
  }

  /** What traces of a path are named by, also before its peer proved itself. */
  tracedOf(home: PoolWorker, path: PathId): TracedPath | undefined {
    return this.#shared.tracedOf(home, path);
  }

  /** What became of handshakes. */
  get handshakes(): Readonly<HandshakeCounts> {
    return this.#handshakes.counts;
  }

  /** The way to a peer: at once if there is a path that can be used, otherwise after a handshake. */
  route(peer: string, dependencies?: readonly RouterDependency[]): Route | Promise<Route> {
    const known = this.#known.newest(peer);
    if (known === undefined) return this.#dial(peer, [], dependencies);
    // What others send for its home is slower than a path to another one, and better than none.
    if (known.home.isCarried) {
      return this.#dial(peer, [known.route.credentialId], dependencies).catch(() => known.route);
    }
    known.wasUsed = true;
    // A peer that was started anew may have no way to say so: then only a handshake reaches it.
    if (!hasFailed(known)) return known.route;
    const failedUs = this.#dialFailedUs.get(peer) ?? Number.NEGATIVE_INFINITY;
    if (known.home.driver.nowUs - failedUs < REDIAL_AFTER_US) return known.route;
    return this.#dial(peer, [known.route.credentialId]);
  }

  /** Answers a dialer's handshake; failures are its own affair. */
  async answer(socket: Socket): Promise<void> {
    let inserted: Inserted | undefined;
    try {
      const { maker } = this.#options;
      const made = await maker.answer(socket, (early) => (inserted = this.#insert(early)));
      if (inserted === undefined) return;
      this.#adopt(made, inserted, made.peer);
      this.#handshakes.succeeded("answered", inserted.home.number, made.peer);
    } catch (error) {
      if (inserted !== undefined) this.#drop(inserted.home, inserted.path);
      socket.destroy();
      this.#handshakes.failed("answered", inserted?.home.number ?? 0, error);
    }
  }

  /** Takes what an engine tells of a path. */
  handle(worker: PoolWorker, event: EngineEvent): void {
    if (event.kind === "handshakeDue") this.#replace(worker.paths.get(event.path));
    else if (event.kind === "unknownPathSecret") {
      this.#doubt(worker.paths.get(event.path), event.token);
    } else if (event.kind === "pathFailed" && GONE.has(event.status)) {
      const failed = worker.paths.get(event.path);
      if (failed !== undefined) this.#known.retire(worker.driver.nowUs, failed);
    }
  }

  /**
   * Forgets the paths of a worker that is lost. Its windows are gone with it: every peer needs a new path before anything under
   * it is accepted. §18
   */
  lose(worker: PoolWorker): void {
    const paths = [...worker.paths.values()];
    for (const known of paths) this.#known.remove(known);
    for (const path of [...paths.map(({ route }) => route.path), ...worker.unproved.keys()]) {
      this.#shared.remove(worker, path);
      worker.failover.forget(path);
      worker.unproved.delete(path);
      worker.layer.failPath(path, Status.LocalResource);
      // One that merely stood still must not go on with them when it turns again.
      worker.driver.engine.removePath(path);
    }
  }

  /** Replaces what is due, moves what lingers, and forgets what is over: to be called every second. */
  sweep(): void {
    const { nowUs } = this.#options.workers.first.port;
    for (const known of this.#known.due(nowUs)) this.#replace(known);
    for (const { before, after } of this.#known.takeLingering(nowUs)) {
      const { driver, layer } = before.home;
      driver.engine.moveTransfers(driver.nowUs, before.route.path, after.route.path);
      layer.movePath(before.route.path, after.route.path);
      driver.pump();
    }
    for (const { home, route } of this.#known.takeRetired(nowUs)) {
      this.#drop(home, route.path);
      if (this.#known.newest(route.peer) === undefined) this.#forget(route.peer);
    }
  }

  #forget(peer: string): void {
    this.#dialFailedUs.delete(peer);
    this.#heard.delete(peer);
    this.#options.workers.forget(peer);
  }

  #insert(early: Omit<MadePath, "identity">): Inserted {
    const home = this.#options.workers.homeOf(early.peer, []);
    const { driver, failover, unproved } = home;
    const address = driver.addressOf(early.host, early.port);
    const path = driver.engine.addPath(driver.nowUs, early.path, address);
    unproved.set(path, []);
    this.#shared.add(home, path, early.path);
    failover.watch(path, early.path.peer.endpoints, early.host, early.port);
    return { home, path };
  }

  #drop(home: PoolWorker, path: PathId): void {
    this.#shared.remove(home, path);
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
    const { maker, workers } = this.#options;
    const { number } = this.homes.homeFor(peer, dependencies);
    let inserted: Inserted | undefined;
    try {
      const at = handshakeAddresses(peer, this.#heard.get(peer));
      // At home where its name is, under which calls look for it, whatever it calls itself.
      const insert = (early: Omit<MadePath, "identity">): void => {
        inserted = this.#insert({ ...early, peer });
      };
      const made = await maker.dial(peer, at, asked, insert);
      if (inserted === undefined) {
        throw new DcquicError("dcquic.handshake_failed", "no path was made");
      }
      const route = this.#adopt(made, inserted, peer);
      this.#dialFailedUs.delete(peer);
      this.#handshakes.succeeded("dialled", route.worker, peer);
      return route;
    } catch (error) {
      if (inserted !== undefined) this.#drop(inserted.home, inserted.path);
      this.#handshakes.failed("dialled", number, error);
      if (this.#known.newest(peer) === undefined) this.#forget(peer);
      else this.#dialFailedUs.set(peer, workers.first.port.nowUs);
      throw error;
    }
  }

  #adopt(made: MadePath, { home, path }: Inserted, peer: string): Route {
    const { authorize, rehandshakeMs, onProved } = this.#options;
    const { identity } = made;
    if (!authorize(identity)) {
      throw new DcquicError("dcquic.handshake_failed", `${identity} is not admitted`);
    }
    if (!home.isUp) throw new DcquicError("dcquic.local_resource", "the worker was lost");
    const { driver, layer, port, unproved } = home;
    const { credentialId, role } = made.path;
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
      role,
      senders: [],
    };
    this.#heard.set(peer, made.path.peer);
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
    for (const incoming of early) onProved(incoming, route);
    return route;
  }

  #replace(known: KnownPath | undefined): void {
    if (known === undefined || known.entry.retiredAtUs !== undefined) return;
    // A peer that cannot be reached now is tried again with the next call to it.
    this.#dial(known.route.peer, [known.route.credentialId]).catch(() => {});
  }

  #doubt(known: KnownPath | undefined, token: Uint8Array): void {
    if (known === undefined) return;
    const { nowUs } = this.#options.workers.first.port;
    if (this.#watch.judge(nowUs, known.entry, token) === "askPeer") this.#replace(known);
  }
}

/** A path that an engine has, before its peer proved itself. */
interface Inserted {
  readonly home: PoolWorker;
  readonly path: PathId;
}
