import type { WorkerEndpoint } from "../path/hello.js";
import { flowHash } from "./flow-hash.js";

/** What a router knows of one worker. */
export interface RouterWorker {
  /** Its number. */
  readonly worker: number;
  /** Index of its NIC. */
  readonly nic: number;
  /** What the NIC carries; bytes per second. */
  readonly nicBytesPerSecond: number;
  /** Bytes that wait in its queues now. */
  queuedBytes(): number;
}

/** A dependency of a peer's first call. */
export interface RouterDependency {
  /** The worker that its token names. */
  readonly worker: number;
  /** Whether its failure fails the call. */
  readonly cascades: boolean;
}

/** A peer that has another home now. */
export interface Reassignment {
  /** The peer. */
  readonly peer: string;
  /** Its home before. */
  readonly from: number;
  /** Its home from now on. */
  readonly to: number;
}

/** Counts of a router. */
export interface RouterStats {
  /** Peers that have a home. */
  readonly peers: number;
  /** Peers whose home a dependency chose. */
  readonly attracted: number;
  /** Peers that lost a home and got another. */
  readonly reassigned: number;
  /** Workers that are up. */
  readonly workersUp: number;
}

const SEEDS = [0x9e3779b9, 0x7f4a7c15] as const;

/**
 * Gives every peer a home worker: two hashes name two workers, and the one with less to do takes the peer for good. A worker
 * that is lost gives its peers to others; one that is overloaded merely gets no new ones.
 *
 * @see spec/dcquic.md §18
 */
export class RequestRouter {
  readonly #workers = new Map<number, RouterWorker>();
  readonly #down = new Set<number>();
  readonly #homes = new Map<string, number>();
  readonly #peerCounts = new Map<number, number>();
  #attracted = 0;
  #reassigned = 0;

  /** @throws RangeError for no workers, or two of one number. */
  constructor(workers: readonly RouterWorker[]) {
    for (const worker of workers) {
      if (this.#workers.has(worker.worker)) throw new RangeError(`two workers ${worker.worker}`);
      this.#workers.set(worker.worker, worker);
    }
    if (workers.length === 0) throw new RangeError("a router without workers");
  }

  /** The home of a peer, if it has one. */
  homeOf(peer: string): number | undefined {
    return this.#homes.get(peer);
  }

  /**
   * The home of a peer; the first call decides. A call that depends on others goes where the first cascading one is, or else
   * the first. A peer that reached this host at `nic` gets a home there, if a worker of it is up. `undefined` when every worker is
   * down.
   */
  assign(
    peer: string,
    dependencies: readonly RouterDependency[] = [],
    nic?: number,
  ): number | undefined {
    const home = this.#homes.get(peer);
    if (home !== undefined) return home;
    const attracting = dependencies.find(({ cascades }) => cascades) ?? dependencies[0];
    if (attracting !== undefined && this.#isUp(attracting.worker)) {
      this.#attracted += 1;
      return this.#settle(peer, attracting.worker);
    }
    const chosen = this.#choose(peer, { nic }) ?? this.#choose(peer);
    return chosen === undefined ? undefined : this.#settle(peer, chosen);
  }

  /**
   * Takes note that workers are gone, those of one NIC together, and gives their peers to the others, if there are any: none to another
   * one that is gone as well.
   */
  workersLost(workers: readonly number[]): readonly Reassignment[] {
    const lost = new Set(workers.filter((worker) => this.#isUp(worker)));
    for (const worker of lost) this.#down.add(worker);
    const moved: Reassignment[] = [];
    for (const [peer, from] of this.#homes) {
      if (!lost.has(from)) continue;
      this.forget(peer);
      const to = this.#choose(peer);
      if (to === undefined) continue;
      this.#settle(peer, to);
      this.#reassigned += 1;
      moved.push({ peer, from, to });
    }
    return moved;
  }

  /** Gives a peer that cannot be reached from its home another one on its own, on `nic` where one is named; `undefined` if there is none. */
  reassign(peer: string, nic?: number): Reassignment | undefined {
    const from = this.#homes.get(peer);
    if (from === undefined) return undefined;
    const to = this.#choose(peer, { except: from, nic });
    if (to === undefined) return undefined;
    this.forget(peer);
    this.#settle(peer, to);
    this.#reassigned += 1;
    return { peer, from, to };
  }

  /** Takes note that a worker works again: it gets new peers, and old ones stay where they went. */
  workerRecovered(worker: number): void {
    this.#down.delete(worker);
  }

  /** Forgets a peer. */
  forget(peer: string): void {
    const home = this.#homes.get(peer);
    if (home === undefined) return;
    this.#homes.delete(peer);
    this.#peerCounts.set(home, (this.#peerCounts.get(home) ?? 1) - 1);
  }

  /** Its counts. */
  get stats(): RouterStats {
    return {
      peers: this.#homes.size,
      attracted: this.#attracted,
      reassigned: this.#reassigned,
      workersUp: this.#workers.size - this.#down.size,
    };
  }

  #settle(peer: string, worker: number): number {
    this.#homes.set(peer, worker);
    this.#peerCounts.set(worker, (this.#peerCounts.get(worker) ?? 0) + 1);
    return worker;
  }

  #choose(
    peer: string,
    { except, nic }: { readonly except?: number; readonly nic?: number | undefined } = {},
  ): number | undefined {
    const up = [...this.#workers.values()].filter(
      (each) =>
        this.#isUp(each.worker) &&
        each.worker !== except &&
        (nic === undefined || each.nic === nic),
    );
    const [first, second] = SEEDS.map((seed) => up[flowHash(peer, seed) % up.length]);
    if (first === undefined || second === undefined) return undefined;
    return this.#isLighter(second, first) ? second.worker : first.worker;
  }

  #isLighter(a: RouterWorker, b: RouterWorker): boolean {
    const [waitA, waitB] = [a, b].map((each) => each.queuedBytes() / each.nicBytesPerSecond);
    if (waitA !== undefined && waitB !== undefined && waitA !== waitB) return waitA < waitB;
    return (this.#peerCounts.get(a.worker) ?? 0) < (this.#peerCounts.get(b.worker) ?? 0);
  }

  #isUp(worker: number): boolean {
    return this.#workers.has(worker) && !this.#down.has(worker);
  }
}

/**
 * Chooses the worker of a peer that this side talks to: two hashes of the own identity over the peer's list, and of the two
 * the one with more bandwidth. `undefined` for an empty list.
 *
 * @see spec/dcquic.md §18
 */
export function chooseEndpoint(
  endpoints: readonly WorkerEndpoint[],
  ownIdentity: string,
): WorkerEndpoint | undefined {
  const [first, second] = SEEDS.map(
    (seed) => endpoints[flowHash(ownIdentity, seed) % endpoints.length],
  );
  if (first === undefined || second === undefined) return undefined;
  return second.bandwidth > first.bandwidth ? second : first;
}
