import type { PeerState } from "../health/peer-health.js";
import type { EstablishedPath } from "../path/handshake.js";
import type { Tombstone } from "../transfer/tombstones.js";
import type { EngineContext } from "./context.js";
import type { PathId } from "./events.js";
import { type AddPathOptions, FROM_ZERO } from "./first-counters.js";
import { Path } from "./path.js";
import { PathIndex } from "./path-index.js";
import { Status } from "./status.js";

// In probing a probe goes every three round trips, give or take a fifth, or every 100 ms: two get their chance.
const UNANSWERED = 1.5;
const PROBES_SRTTS = 8;

/** Who carries out what happens to a path. */
export interface PathsOwner {
  /** Fails everything that runs on a path. */
  readonly failed: (path: Path, status: number) => void;
  /** Tells of a change of what is thought of a path's peer. */
  readonly healthChanged: (path: Path, before: PeerState) => void;
}

/**
 * The paths of an engine, by number and by name in packets, and the addresses that their packets go to.
 *
 * @see spec/dcquic.md §7, §18
 */
export class EnginePaths {
  readonly #context: EngineContext;
  readonly #owner: PathsOwner;
  readonly #byCredential = new PathIndex();
  #next = 0;

  /** Keeps them in `context`. */
  constructor(context: EngineContext, owner: PathsOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Begins a path that a handshake made; `address` is the driver's number for where its packets go. */
  add(
    nowUs: number,
    established: EstablishedPath,
    address: number,
    options: AddPathOptions,
  ): PathId {
    const { identity = `address ${address}`, counters = FROM_ZERO } = options;
    const id = this.#next++ as PathId;
    const { awake, config, crypto, paths, pulls } = this.#context;
    const path = new Path({
      id,
      address,
      identity,
      counters,
      established,
      config,
      crypto,
      sender: pulls.addSender(),
      forgotten: this.#forgotten,
      hash: this.#context.hash,
      nowUs,
      awake,
      healthChanged: this.#owner.healthChanged,
      keyDerived: this.#keyDerived,
    });
    paths.set(id, path);
    this.#byCredential.add(path);
    return id;
  }

  /** The path of this number, to which something happens now. @throws RangeError where there is none. */
  by(id: PathId): Path {
    const { dirty, paths } = this.#context;
    const path = paths.get(id);
    if (path === undefined) throw new RangeError(`there is no path ${id}`);
    dirty.add(path);
    return path;
  }

  /** The path of a transfer, to which something happens now. */
  of({ path }: { readonly path: number }): Path {
    return this.by(path as PathId);
  }

  /** Whether a path, or that of a transfer, was not forgotten. */
  has({ path }: { readonly path: number }): boolean {
    return this.#context.paths.has(path as PathId);
  }

  /** The path whose credential id lies at `offset` of `bytes`, if it is known here. */
  named(bytes: Uint8Array, offset: number): Path | undefined {
    return this.#byCredential.find(bytes, offset);
  }

  /** Forgets a path. What still runs on it fails. */
  remove(path: Path): void {
    this.#owner.failed(path, Status.GoingAway);
    for (const { tombstones } of path.workers) tombstones.clear();
    const { paths, dirty, serving, pulling } = this.#context;
    paths.delete(path.id);
    dirty.delete(path);
    serving.delete(path);
    pulling.delete(path);
    this.#byCredential.remove(path.credentialId);
    path.timer = this.#context.disarm(path.timer);
  }

  /**
   * Tries the next address of a peer that does not answer: it was not heard for `silentUs`, or for longer than probes take at the
   * present one it was heard and answered none. Says whether it did.
   */
  nextAddress(nowUs: number, path: Path, silentUs: number): boolean {
    const { addresses, address, health, isLost, rtt, triedUs } = path;
    if (!isLost || addresses.length < 2) return false;
    const unansweredUs = Math.min(health.unansweredUs(nowUs), nowUs - triedUs);
    const patienceUs = Math.max(UNANSWERED * silentUs, PROBES_SRTTS * rtt.srttUs);
    if (health.silentUs(nowUs) < silentUs && unansweredUs < patienceUs) return false;
    const next = addresses[(addresses.indexOf(address) + 1) % addresses.length];
    if (next !== undefined) path.sendTo(next);
    path.triedUs = nowUs;
    return true;
  }

  readonly #forgotten = ({ pullerId, path: of }: Tombstone): void => {
    const { transfers } = this.#context;
    const entry = transfers.get(pullerId);
    // What was moved is remembered by its later path.
    if (entry?.role === "tombstone" && entry.path === of) transfers.remove(pullerId);
  };

  readonly #keyDerived = (): void => {
    this.#context.counters.keysDerived += 1;
  };
}
