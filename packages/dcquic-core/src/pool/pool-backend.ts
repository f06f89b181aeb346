import type { HandleWatch } from "./buffer-handle.js";
import type { EngineEvent, PathId } from "../engine/events.js";
import type { Role } from "../path/handshake.js";
import type { IncomingStream } from "../stream/incoming-stream.js";
import type { Measured } from "../metrics/engine-metrics.js";
import type { DcquicEvent } from "../events/event-groups.js";
import type { PayloadSender } from "./payload-sender.js";
import type { PoolLayer, PoolPort } from "./pool-port.js";
import type { NicStatus } from "../router/nic-board.js";
import type { RouterDependency, RouterStats } from "../router/request-router.js";

/** The way to a peer. */
export interface Route {
  /** The peer's name: `host:port` where its handshakes are answered. */
  readonly peer: string;
  /** The name that the peer proved in its handshake. */
  readonly identity: string;
  /** Number of the worker that is home to the path. */
  readonly worker: number;
  /** The engine that is home to the path. */
  readonly port: PoolPort;
  /** Streams of that engine. */
  readonly layer: PoolLayer;
  /** The path. */
  readonly path: PathId;
  /** The path's credential id, which both sides know. */
  readonly credentialId: Uint8Array;
  /** Who this side was in the handshake that made the path. */
  readonly role: Role;
  /** What prepares payloads for the peer, by their rules; the pool fills it. */
  readonly senders: (PayloadSender | undefined)[];
}

/** What one worker was at when it was asked. */
export interface WorkerMeasure {
  /** Its number. */
  readonly worker: number;
  /** What its engine counted, and how it is. */
  readonly measured: Measured;
}

/** How many handshakes there were, since the start. */
export interface HandshakeCounts {
  /** Of this side that made a path. */
  dialled: number;
  /** Of this side that failed. */
  dialsFailed: number;
  /** Of peers that made a path. */
  answered: number;
  /** Of peers that failed. */
  answersFailed: number;
}

/** How the paths of a backend come about, and over which workers and NICs they go. */
export interface RouteStats {
  /** When these numbers were taken; µs. */
  readonly atUs: number;
  /** What became of handshakes. */
  readonly handshakes: Readonly<HandshakeCounts>;
  /** Which peers have which home. */
  readonly router: RouterStats;
  /** The NICs. */
  readonly nics: readonly NicStatus[];
}

/** Who is told what happens in a backend. */
export interface BackendSink {
  /** Groups of debug events that are made only where someone wants them, as bits of `EventGroup`; none if absent. */
  readonly watched?: number;
  /** Takes an event of the engine of one worker. */
  engine(worker: number, event: EngineEvent): void;
  /** Takes what the backend itself tells: about its workers, cores and routes. */
  own(event: DcquicEvent): void;
}

/** What a transport pool runs on: engines with their drivers, and a way to make paths. */
export interface PoolBackend {
  /** The own name, by which peers reach this side. */
  readonly name: string;
  /** Largest payload that rides in an announcement; bytes. */
  readonly inlineMaxBytes: number;
  /** The engine whose clock, timers and buffers serve what belongs to no peer. */
  readonly mainPort: PoolPort;
  /**
   * The way to a peer: at once if there is a path, otherwise after a handshake, which concurrent calls share. The first call
   * decides which worker serves the peer, and what it depends on attracts it.
   *
   * A rejection is a `DcquicError` `dcquic.handshake_failed`.
   */
  route(peer: string, dependencies?: readonly RouterDependency[]): Route | Promise<Route>;
  /** Has every stream that a peer opens shown to `taker`; `undefined` has them refused. */
  serve(taker: ((incoming: IncomingStream, route: Route) => void) | undefined): void;
  /** Tells everything that happens to `sink`. @returns a function that ends it. */
  subscribe(sink: BackendSink): () => void;
  /** All layers, for statistics and for closing. */
  readonly layers: readonly PoolLayer[];
  /** Asks every worker for its numbers; those that do not answer are left out. */
  measure(): Promise<readonly WorkerMeasure[]>;
  /** How its paths come about; absent where nobody dials, as in a simulator. */
  readonly routeStats?: RouteStats;
  /** Gives back buffers whose handles the application lost; absent where everything has to be repeatable. §14 */
  readonly handleWatch?: HandleWatch | undefined;
  /** Stops everything at once. */
  close(): Promise<void>;
}
