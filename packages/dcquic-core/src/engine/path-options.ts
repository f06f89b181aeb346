import type { CryptoBackend } from "../crypto/backend.js";
import type { AwakeTime } from "../health/awake-time.js";
import type { PeerState } from "../health/peer-health.js";
import type { EstablishedPath } from "../path/handshake.js";
import type { KeyHash } from "../sched/key-hash.js";
import type { PullSender } from "../sched/pull-scheduler.js";
import type { Tombstone } from "../transfer/tombstones.js";
import type { EngineConfig } from "./config.js";
import type { PathId } from "./events.js";
import type { FirstCounters } from "./first-counters.js";
import type { Path } from "./path.js";

/** What a path is made of. */
export interface PathOptions {
  /** Its number. */
  readonly id: PathId;
  /** The driver's number for the peer's address. */
  readonly address: number;
  /** Who the peer authenticated as. */
  readonly identity: string;
  /** Where its counters begin. */
  readonly counters: FirstCounters;
  /** What the handshake agreed on. */
  readonly established: EstablishedPath;
  /** The engine's configuration. */
  readonly config: EngineConfig;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** The record of this peer at the pull scheduler. */
  readonly sender: PullSender;
  /** Told of each tombstone that goes. */
  readonly forgotten: (tombstone: Tombstone) => void;
  /** Finds what is known by keys that the peer chooses. */
  readonly hash: KeyHash;
  /** When it is made. */
  readonly nowUs: number;
  /** How long the engine was kept from running. */
  readonly awake: AwakeTime;
  /** Told of each change of what is thought of the peer, with the state before. */
  readonly healthChanged: (path: Path, before: PeerState) => void;
  /** Told of each key that is derived for packets. */
  readonly keyDerived: () => void;
}
