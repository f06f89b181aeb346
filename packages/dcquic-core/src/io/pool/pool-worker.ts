import type { PathId } from "../../engine/events.js";
import type { EnginePort } from "../../stream/engine-port.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import type { StreamLayer } from "../../stream/stream-layer.js";
import type { EndpointFailover } from "./endpoint-failover.js";
import type { KnownPath } from "./known-paths.js";
import type { PoolDriver } from "./pool-driver.js";

/** One worker of a pool: an engine with its driver, and what the pool keeps about it. */
export interface PoolWorker {
  /** Its number. */
  readonly number: number;
  /** Index of its NIC. */
  readonly nic: number;
  /** Runs the engine. */
  readonly driver: PoolDriver;
  /** The engine's port. */
  readonly port: EnginePort;
  /** Streams of the engine. */
  readonly layer: StreamLayer;
  /** Finds other addresses of peers. */
  readonly failover: EndpointFailover;
  /** Paths that are made, by their number in the engine. */
  readonly paths: Map<PathId, KnownPath>;
  /** Paths whose peers may send already and did not prove yet that they have the secret. */
  readonly unproved: Map<PathId, IncomingStream[]>;
  /** Whether it can be used. */
  isUp: boolean;
  /** Whether its NIC is gone and others send for it: it has no new peers, and finishes what runs. §18 */
  isCarried: boolean;
}
