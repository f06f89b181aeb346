import type { EngineEvent, PathId } from "../../engine/events.js";
import type { AddressOwner } from "../../engine/path.js";
import type { PeerState } from "../../health/peer-health.js";
import type { EstablishedPath } from "../../path/handshake.js";
import { PeerAddresses, type UdpAddress } from "../peer-addresses.js";
import type { PathCommands } from "../pool/pool-driver.js";
import type { ThreadCommand } from "./thread-messages.js";

/**
 * The paths of an engine on another thread, as the application's thread knows them: their numbers, the addresses of their peers, and
 * where those peers stood when the engine last told.
 *
 * @see spec/dcquic.md §14, §18
 */
export class ThreadPaths implements PathCommands {
  readonly #post: (command: ThreadCommand) => void;
  readonly #states = new Map<PathId, PeerState>();
  readonly #addresses = new PeerAddresses();
  #nextPath = 0;

  /** Asks the engine by `post`. */
  constructor(post: (command: ThreadCommand) => void) {
    this.#post = post;
  }

  /** Numbers of all of them. */
  get all(): IterableIterator<PathId> {
    return this.#states.keys();
  }

  /** A number for a peer's address. */
  addressOf(host: string, port: number): number {
    return this.#addresses.peer(host, port);
  }

  /** Takes an event of the engine. */
  handle(event: EngineEvent): void {
    if (event.kind !== "peerStateChanged") return;
    // One that was removed meanwhile must not come back.
    if (this.#states.has(event.path)) this.#states.set(event.path, event.state);
  }

  /** See `Engine.addPath`: the engine over there numbers its paths in the order in which it gets them. */
  addPath(_nowUs: number, established: EstablishedPath, address: number): PathId {
    const to = this.#at(address);
    const path = this.#nextPath++ as PathId;
    this.#states.set(path, "healthy");
    this.#post({ kind: "addPath", path, established, address: to });
    return path;
  }

  /** See `Engine.removePath`. */
  removePath(path: PathId): void {
    this.#states.delete(path);
    this.#post({ kind: "removePath", path });
  }

  /** See `Engine.failPath`. */
  failPath(path: PathId, status: number): void {
    this.#post({ kind: "failPath", path, status });
  }

  /** See `Engine.peerState`. */
  peerState(path: PathId): PeerState {
    return this.#states.get(path) ?? "healthy";
  }

  /** See `Engine.addAddress`. */
  addAddress(path: PathId, address: number, whose: AddressOwner): void {
    this.#post({ kind: "addAddress", path, address: this.#at(address), whose });
  }

  /** See `Engine.doubt`. */
  doubt(_nowUs: number, path: PathId): void {
    this.#post({ kind: "doubt", path });
  }

  /** See `Engine.nextAddress`: the engine over there decides. */
  nextAddress(_nowUs: number, path: PathId, silentUs: number): boolean {
    this.#post({ kind: "nextAddress", path, silentUs });
    return true;
  }

  /** See `Engine.moveTransfers`. */
  moveTransfers(_nowUs: number, path: PathId, to: PathId): void {
    this.#post({ kind: "moveTransfers", path, to });
  }

  /** See `Engine.addForeignPath`. */
  addForeignPath(credentialId: Uint8Array, home: number): void {
    this.#post({ kind: "addForeignPath", credentialId, home });
  }

  /** See `Engine.removeForeignPath`. */
  removeForeignPath(credentialId: Uint8Array): void {
    this.#post({ kind: "removeForeignPath", credentialId });
  }

  /** See `Engine.watch`. */
  watch(groups: number): void {
    this.#post({ kind: "watch", groups });
  }

  #at(address: number): UdpAddress {
    const at = this.#addresses.of(address);
    if (at === undefined) throw new RangeError(`there is no address ${address}`);
    return at;
  }
}
