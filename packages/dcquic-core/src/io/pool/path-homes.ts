import type { PathId } from "../../engine/events.js";
import type { TracedPath } from "../../pool/traceparent.js";
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
  readonly #known = new Map<PoolWorker, Map<PathId, TracedPath>>();

  /** Tells `workers` of each other's paths. */
  constructor(workers: readonly PoolWorker[]) {
    this.#workers = workers;
  }

  /** Tells the other workers of a path. */
  add(home: PoolWorker, path: PathId, { credentialId, role }: TracedPath): void {
    let paths = this.#known.get(home);
    if (paths === undefined) {
      paths = new Map();
      this.#known.set(home, paths);
    }
    paths.set(path, { credentialId, role });
    for (const { driver } of this.#others(home)) {
      driver.engine.addForeignPath(credentialId, home.number);
    }
  }

  /** What traces of a path are named by, also before its peer proved itself. */
  tracedOf(home: PoolWorker, path: PathId): TracedPath | undefined {
    return this.#known.get(home)?.get(path);
  }

  /** Has the others forget a path; harmless when they have. */
  remove(home: PoolWorker, path: PathId): void {
    const credentialId = this.#known.get(home)?.get(path)?.credentialId;
    if (credentialId === undefined) return;
    this.#known.get(home)?.delete(path);
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
