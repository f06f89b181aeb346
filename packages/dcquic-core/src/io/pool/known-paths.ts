import { type PathEntry, PathSecretMap } from "../../path/secret-map.js";
import type { Route } from "../../pool/pool-backend.js";
import type { PoolWorker } from "./pool-worker.js";

/** A path of a pool whose peer proved itself. */
export interface KnownPath {
  /** The way over it. */
  readonly route: Route;
  /** The worker that is home to it. */
  readonly home: PoolWorker;
  /** What is known of its secret. */
  readonly entry: PathEntry;
  /** When its secret is to be replaced; µs. */
  readonly replaceAtUs: number;
  /** When a datagram under it last arrived at another worker; µs. */
  detouredUs: number;
  /** Whether it was used since the last sweep. */
  wasUsed: boolean;
  /** Whether what ran on it goes on on a newer path: it is kept all the same, for what the peer has to look up. §10.4 */
  wasMoved: boolean;
}

// Half of the time for which a superseded path is kept: the other half is for looking up what was moved from it.
const MOVE_AFTER_US = 30_000_000;

/**
 * The paths of a pool over all of its workers, by peer and by credential id, no more than the map of their secrets holds.
 *
 * @see spec/dcquic.md §7.1
 */
export class KnownPaths {
  readonly #secrets: PathSecretMap;
  readonly #byEntry = new Map<PathEntry, KnownPath>();
  readonly #newest = new Map<string, KnownPath>();

  /** Keeps so many; `dropped` is told of one that made room for another. */
  constructor(capacity: number, dropped: (path: KnownPath) => void) {
    this.#secrets = new PathSecretMap(capacity, {
      isIdle: (entry) => {
        const path = this.#byEntry.get(entry);
        if (path === undefined) return true;
        return !path.wasMoved && path.home.layer.streamsOn(path.route.path) === 0;
      },
      isKept: (entry) => {
        const path = this.#byEntry.get(entry);
        return path !== undefined && !path.wasMoved && !this.#canMove(path);
      },
      evicted: (entry) => {
        const path = this.#byEntry.get(entry);
        if (path === undefined) return;
        this.#leave(path);
        dropped(path);
      },
    });
  }

  /** How many there are. */
  get size(): number {
    return this.#secrets.size;
  }

  /** The path that new calls to a peer take. */
  newest(peer: string): KnownPath | undefined {
    return this.#newest.get(peer);
  }

  /** Finds a path by credential id. */
  byCredentialId(credentialId: Uint8Array): KnownPath | undefined {
    const entry = this.#secrets.byCredentialId(credentialId);
    return entry && this.#byEntry.get(entry);
  }

  /**
   * Adds a path that new calls take from now on; returns it and the one they took before.
   *
   * @throws DcquicError `dcquic.limit` when there are as many as may be, all in use.
   */
  add(
    nowUs: number,
    home: PoolWorker,
    route: Route,
    made: { readonly path: PathEntry["path"]; readonly replaceAtUs: number },
  ): { readonly added: KnownPath; readonly before: KnownPath | undefined } {
    const { peer } = route;
    const before = this.#newest.get(peer);
    const entry = this.#secrets.insert(nowUs, peer, made.path);
    const { replaceAtUs } = made;
    const added: KnownPath = {
      route,
      home,
      entry,
      replaceAtUs,
      detouredUs: Number.NEGATIVE_INFINITY,
      wasUsed: true,
      wasMoved: false,
    };
    this.#byEntry.set(entry, added);
    this.#newest.set(peer, added);
    home.paths.set(route.path, added);
    return { added, before };
  }

  /** Has new calls take it no more; what runs on it goes on. */
  retire(nowUs: number, path: KnownPath): void {
    this.#secrets.retire(nowUs, path.route.credentialId);
    if (this.#newest.get(path.route.peer) === path) this.#newest.delete(path.route.peer);
  }

  /** Forgets a path. */
  remove(path: KnownPath): void {
    this.#secrets.remove(path.route.credentialId);
    this.#leave(path);
  }

  /** Notes which paths were used lately, and returns those whose secret is to be replaced. */
  due(nowUs: number): readonly KnownPath[] {
    const due: KnownPath[] = [];
    for (const path of this.#newest.values()) {
      if (path.wasUsed) {
        path.wasUsed = false;
        this.#secrets.touch(nowUs, path.route.credentialId, 0);
      }
      if (nowUs >= path.replaceAtUs) due.push(path);
    }
    return due;
  }

  /**
   * The superseded paths on which something still runs a while after they were, with the paths that took their place; each
   * is named once.
   */
  takeLingering(
    nowUs: number,
  ): readonly { readonly before: KnownPath; readonly after: KnownPath }[] {
    const lingering: { readonly before: KnownPath; readonly after: KnownPath }[] = [];
    for (const before of this.#byEntry.values()) {
      const { retiredAtUs = Number.POSITIVE_INFINITY } = before.entry;
      if (before.wasMoved || nowUs - retiredAtUs < MOVE_AFTER_US) continue;
      const { route, home } = before;
      const after = this.#newest.get(route.peer);
      if (after === undefined || !this.#canMove(before)) continue;
      if (home.layer.streamsOn(route.path) === 0) continue;
      before.wasMoved = true;
      lingering.push({ before, after });
    }
    return lingering;
  }

  /** Removes and returns the superseded paths whose time is over. */
  takeRetired(nowUs: number): readonly KnownPath[] {
    const over = this.#secrets
      .takeRetired(nowUs)
      .flatMap((entry) => this.#byEntry.get(entry) ?? []);
    for (const path of over) this.#leave(path);
    return over;
  }

  // The windows that say what was taken before are known to one engine on either side.
  #canMove(path: KnownPath): boolean {
    const after = this.#newest.get(path.route.peer);
    return after?.home === path.home && peerHomeOf(after) === peerHomeOf(path);
  }

  #leave(path: KnownPath): void {
    this.#byEntry.delete(path.entry);
    path.home.paths.delete(path.route.path);
    if (this.#newest.get(path.route.peer) === path) this.#newest.delete(path.route.peer);
  }
}

// The peer names the worker at home to a path first.
function peerHomeOf({ entry }: KnownPath): number | undefined {
  return entry.path.peer.endpoints[0]?.worker;
}
