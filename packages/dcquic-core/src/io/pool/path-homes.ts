import type { PathId } from "../../engine/events.js";
import type { HandedPacket } from "../peer-addresses.js";
import type { PoolWorker } from "./pool-worker.js";

/**
 * Which worker is home to which path, as all workers of a pool know it: a datagram that arrives at another one is handed over
 * whole, unopened.
 *
 * @see spec/dcquic.md §18, D-33
 */
export class PathHomes {
  readonly #workers: readonly PoolWorker[];
  readonly #credentials = new Map<PoolWorker, Map<PathId, Uint8Array>>();

  /** Tells `workers` of each other's paths. */
  constructor(workers: readonly PoolWorker[]) {
    this.#workers = workers;
  }

  /** Tells the other workers of a path. */
  add(home: PoolWorker, path: PathId, credentialId: Uint8Array): void {
    let paths = this.#credentials.get(home);
    if (paths === undefined) {
      paths = new Map();
      this.#credentials.set(home, paths);
    }
    paths.set(path, credentialId);
    for (const { driver } of this.#others(home)) {
      driver.engine.addForeignPath(credentialId, home.number);
    }
  }

  /** Has the others forget a path; harmless when they have. */
  remove(home: PoolWorker, path: PathId): void {
    const credentialId = this.#credentials.get(home)?.get(path);
    if (credentialId === undefined) return;
    this.#credentials.get(home)?.delete(path);
    for (const { driver } of this.#others(home)) driver.engine.removeForeignPath(credentialId);
  }

  /** Passes a datagram on to the home of its path; one whose home is gone is lost, as in a network. */
  pass(packet: HandedPacket): void {
    const home = this.#workers[packet.home];
    if (home?.isUp === true) home.driver.takeForeign(packet);
  }

  #others(home: PoolWorker): readonly PoolWorker[] {
    return this.#workers.filter((worker) => worker !== home);
  }
}
