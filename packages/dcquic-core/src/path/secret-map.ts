import { formatHex } from "@proj/wire-types";
import { DcquicError } from "../errors.js";
import type { EstablishedPath } from "./handshake.js";

/** How many path secrets are kept by default. spec/dcquic.md §7.1 */
const DEFAULT_PATH_CAPACITY = 500_000;
/** How long a superseded path may go on without transfers. §7.1 */
const RETIRE_AFTER_US = 60_000_000;

/** A path secret and what is known of the peer behind it. */
export interface PathEntry {
  /** What the handshake agreed on. */
  readonly path: EstablishedPath;
  /** Who the peer is: the name it authenticated with, or its address. */
  readonly identity: string;
  /** When it was made. */
  readonly createdUs: number;
  /** When it was last used. */
  readonly usedUs: number;
  /** Transfers that run on it. One with any is never evicted. */
  readonly liveTransfers: number;
  /** Since when a newer secret of the same peer supersedes it; `undefined` for the newest. */
  readonly retiredAtUs: number | undefined;
}

/** What a {@link PathSecretMap} asks and tells whoever uses its paths. */
export interface PathSecretHooks {
  /** Whether nothing runs on a path now; what was noted of it decides if absent. */
  isIdle?(entry: PathEntry): boolean;
  /** Whether what runs on a superseded path can go on nowhere else, so that the path is kept until it is over; never if absent. */
  isKept?(entry: PathEntry): boolean;
  /** Is told of a path that made room for another one. */
  evicted?(entry: PathEntry): void;
}

type MutableEntry = { -readonly [K in keyof PathEntry]: PathEntry[K] };

/**
 * The path secrets of a process, found by credential id. Which path of a peer is the newest, it knows for itself: its users keep more
 * of a peer than a secret.
 *
 * A new secret of a known peer does not displace the old one: new transfers use the new one, running ones finish where
 * they are. When the map is full, the idle entry unused for longest goes.
 *
 * @see spec/dcquic.md §7.1
 */
export class PathSecretMap {
  readonly #capacity: number;
  readonly #hooks: PathSecretHooks;
  // In order of use: whoever is touched moves to the end.
  readonly #byId = new Map<string, MutableEntry>();
  readonly #newest = new Map<string, MutableEntry>();

  /** Starts empty. */
  constructor(capacity: number = DEFAULT_PATH_CAPACITY, hooks: PathSecretHooks = {}) {
    if (!(capacity >= 1)) throw new RangeError(`a map for ${capacity} paths`);
    this.#capacity = capacity;
    this.#hooks = hooks;
  }

  /** How many secrets it holds. */
  get size(): number {
    return this.#byId.size;
  }

  /**
   * Adds a path; an older one of the same peer retires from now on.
   *
   * @throws DcquicError `dcquic.limit` when the map is full of paths with live transfers.
   */
  insert(nowUs: number, identity: string, path: EstablishedPath): PathEntry {
    const name = formatHex(path.credentialId);
    if (!this.#byId.has(name) && this.#byId.size >= this.#capacity) this.#evict();
    const before = this.#newest.get(identity);
    if (before !== undefined) before.retiredAtUs ??= nowUs;
    const entry: MutableEntry = {
      path,
      identity,
      createdUs: nowUs,
      usedUs: nowUs,
      liveTransfers: 0,
      retiredAtUs: undefined,
    };
    this.#byId.set(name, entry);
    this.#newest.set(identity, entry);
    return entry;
  }

  /** Finds a path by credential id. */
  byCredentialId(credentialId: Uint8Array): PathEntry | undefined {
    return this.#byId.get(formatHex(credentialId));
  }

  /** Notes that a path is used, and by how many transfers. */
  touch(nowUs: number, credentialId: Uint8Array, liveTransfers: number): void {
    const name = formatHex(credentialId);
    const entry = this.#byId.get(name);
    if (entry === undefined) return;
    entry.usedUs = nowUs;
    entry.liveTransfers = liveTransfers;
    this.#byId.delete(name);
    this.#byId.set(name, entry);
  }

  /** Uses a path for nothing new from now on. */
  retire(nowUs: number, credentialId: Uint8Array): void {
    const entry = this.#byId.get(formatHex(credentialId));
    if (entry === undefined) return;
    entry.retiredAtUs ??= nowUs;
    if (this.#newest.get(entry.identity) === entry) this.#newest.delete(entry.identity);
  }

  /** Forgets a path, and says whether it was there. */
  remove(credentialId: Uint8Array): boolean {
    const name = formatHex(credentialId);
    const entry = this.#byId.get(name);
    if (entry === undefined) return false;
    this.#byId.delete(name);
    if (this.#newest.get(entry.identity) === entry) this.#newest.delete(entry.identity);
    return true;
  }

  /** Removes and returns the superseded paths whose time is over. */
  takeRetired(nowUs: number): readonly PathEntry[] {
    const over = [...this.#byId.values()].filter(
      (entry) =>
        entry.retiredAtUs !== undefined &&
        (this.#isIdle(entry) ||
          (nowUs - entry.retiredAtUs >= RETIRE_AFTER_US && this.#hooks.isKept?.(entry) !== true)),
    );
    for (const entry of over) this.remove(entry.path.credentialId);
    return over;
  }

  #isIdle(entry: PathEntry): boolean {
    return this.#hooks.isIdle?.(entry) ?? entry.liveTransfers === 0;
  }

  #evict(): void {
    for (const entry of this.#byId.values()) {
      if (!this.#isIdle(entry)) continue;
      this.remove(entry.path.credentialId);
      this.#hooks.evicted?.(entry);
      return;
    }
    throw new DcquicError("dcquic.limit", `${this.#byId.size} paths, all in use`);
  }
}
