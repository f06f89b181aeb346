import type { EngineEvent, PathId } from "../../engine/events.js";
import type { AddressOwner } from "../../engine/path.js";
import type { WorkerEndpoint } from "../../path/hello.js";
import type { UdpAddress } from "../peer-addresses.js";
import { formatPeerName, isUnspecified } from "./peer-name.js";
import type { PoolDriver } from "./pool-driver.js";

// Longer than three probes take, so that an address gets its chance.
const RETRY_MS = 400;

/**
 * Finds another way to a peer that has several addresses: while it does not answer, one after the other is tried, those of its
 * other workers too, which hand over what is not theirs (D-33). Both sides do so, and each follows the other to where it is
 * heard from.
 *
 * The path stays, with its keys, its windows and its transfers: only its packets go elsewhere.
 *
 * @see spec/dcquic.md §18
 */
export class EndpointFailover {
  readonly #driver: PoolDriver;
  // Where the peer's other workers receive: the engine learns of it when the peer does not answer, or is heard elsewhere.
  readonly #otherWorkers = new Map<PathId, readonly UdpAddress[]>();
  readonly #retries = new Map<PathId, NodeJS.Timeout | undefined>();

  /** Tells `driver` what to try. */
  constructor(driver: PoolDriver) {
    this.#driver = driver;
  }

  /** Watches a path to a peer that said where it receives; `host` is the address in use. */
  watch(path: PathId, endpoints: readonly WorkerEndpoint[], host: string, port: number): void {
    const used = formatPeerName(host, port);
    const [home] = endpoints;
    const others = new Map<string, UdpAddress>();
    const strangers = new Map<string, UdpAddress>();
    for (const each of endpoints) {
      // An unspecified address is the one that is in use already.
      const at = { host: isUnspecified(each.host) ? host : each.host, port: each.ports[0] ?? 0 };
      const name = formatPeerName(at.host, at.port);
      if (at.port === 0 || name === used) continue;
      (each.worker === home?.worker ? others : strangers).set(name, at);
    }
    if (others.size + strangers.size === 0) return;
    for (const at of others.values()) this.#add(path, at, "home");
    this.#otherWorkers.set(path, [...strangers.values()]);
    this.#retries.set(path, undefined);
  }

  /** Watches a path no more. */
  forget(path: PathId): void {
    clearTimeout(this.#retries.get(path));
    this.#retries.delete(path);
    this.#otherWorkers.delete(path);
  }

  /** Takes an event of the engine. */
  handle(event: EngineEvent): void {
    if (event.kind === "peerHeardElsewhere") this.#addOthers(event.path);
    if (event.kind !== "peerStateChanged" || !this.#retries.has(event.path)) return;
    clearTimeout(this.#retries.get(event.path));
    if (event.state !== "probing" && event.state !== "failed") return;
    this.#addOthers(event.path);
    this.#next(event.path);
  }

  /** Gives up. */
  close(): void {
    for (const path of this.#retries.keys()) this.forget(path);
  }

  #addOthers(path: PathId): void {
    for (const at of this.#otherWorkers.get(path) ?? []) this.#add(path, at, "other");
    this.#otherWorkers.delete(path);
  }

  #add(path: PathId, { host, port }: UdpAddress, whose: AddressOwner): void {
    this.#driver.engine.addAddress(path, this.#driver.addressOf(host, port), whose);
  }

  // The engine knows best whether the peer was heard meanwhile.
  #next(path: PathId): void {
    const { engine, nowUs } = this.#driver;
    if (engine.nextAddress(nowUs, path, (RETRY_MS * 1000) / 2)) this.#driver.pump();
    const retry = setTimeout(() => this.#next(path), RETRY_MS);
    retry.unref();
    this.#retries.set(path, retry);
  }
}
