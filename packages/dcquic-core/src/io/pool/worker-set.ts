import { systemTime } from "@proj/wire-types/system";
import { DEFAULT_CONFIG } from "../../engine/config.js";
import { DcquicError } from "../../errors.js";
import type { DcquicEvent, EventGroupName, EventLevel } from "../../events/event-groups.js";
import {
  NicBoard,
  type NicState,
  type NicStatus,
  type WorkerCondition,
} from "../../router/nic-board.js";
import {
  type Reassignment,
  RequestRouter,
  type RouterDependency,
  type RouterStats,
} from "../../router/request-router.js";
import type { WatchdogFinding } from "../../router/watchdog.js";
import type { WorkerMeasure } from "../../pool/pool-backend.js";
import type { PortParts } from "../../stream/engine-port.js";
import type { QueueLimits } from "../../stream/inbound.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import { StreamLayer } from "../../stream/stream-layer.js";
import { EndpointFailover } from "./endpoint-failover.js";
import type { OutgoingPacket } from "../peer-addresses.js";
import type { PoolWorker } from "./pool-worker.js";
import type { BoundWorker, WorkerOwnNews } from "./worker-binder.js";

/** What a {@link WorkerSet} is made with. */
export interface WorkerSetOptions {
  /** The workers with their drivers; at least one. */
  readonly bound: readonly BoundWorker[];
  /** What the ports of all engines are made of. */
  readonly parts: PortParts;
  /** What streams hold for their readers. */
  readonly queue: QueueLimits;
  /** Streams that a peer may have open over a path. */
  readonly maxStreams: number;
  /** Is shown every stream that a peer opens. */
  readonly onIncoming: (worker: PoolWorker, incoming: IncomingStream) => void;
}

/** What news of a worker or of a NIC come to. */
export interface WeighedNews {
  /** What subscribers are told. */
  readonly events: readonly DcquicEvent[];
  /** The workers whose peers need another home, and whose paths are gone. */
  readonly lost: readonly PoolWorker[];
  /** The workers whose NIC is gone: their peers need another home, and others send what runs on their paths. */
  readonly carried: readonly PoolWorker[];
  /** The workers that may have peers again. */
  readonly back: readonly PoolWorker[];
}

const CONDITIONS: Readonly<Record<WatchdogFinding["kind"], WorkerCondition>> = {
  stalled: "stalled",
  hung: "lost",
  recovered: "turning",
};

/**
 * The workers of a pool: which peer is at home where, and what becomes of the peers of one that is lost.
 *
 * ```
 * up ──thread ended, five seconds without a turn─▶ down ──a turn──▶ up, for new peers
 *  └──NIC gone─▶ carried by those of other NICs ──NIC back─▶ up, for new peers
 * ```
 *
 * A NIC that goes while there is no other one loses nobody: nothing is better than to wait for it.
 *
 * @see spec/dcquic.md §14, §18
 */
export class WorkerSet {
  /** All of them, by number. */
  readonly all: readonly PoolWorker[];
  /** The first: handshakes are answered on its port's number, at the address of every worker. */
  readonly first: PoolWorker;
  readonly #router: RequestRouter;
  readonly #nics: NicBoard;
  // As they were bound: a driver that is lost may know no more.
  readonly #hosts: ReadonlyMap<PoolWorker, string>;

  /** @throws RangeError for no workers. */
  constructor({ bound, parts, queue, maxStreams, onIncoming }: WorkerSetOptions) {
    this.all = bound.map(({ plan, driver }): PoolWorker => {
      const port = driver.port(parts);
      const worker: PoolWorker = {
        number: plan.worker,
        nic: plan.nic,
        driver,
        port,
        layer: new StreamLayer({
          port,
          queue,
          maxStreams,
          onIncoming: (incoming) => onIncoming(worker, incoming),
        }),
        failover: new EndpointFailover(driver),
        paths: new Map(),
        unproved: new Map(),
        isUp: true,
        isCarried: false,
      };
      return worker;
    });
    this.#router = new RequestRouter(
      bound.map(({ plan, driver }) => ({
        worker: plan.worker,
        nic: plan.nic,
        nicBytesPerSecond: plan.engine.nicBytesPerSecond ?? DEFAULT_CONFIG.nicBytesPerSecond,
        queuedBytes: () => driver.queuedBytes,
      })),
    );
    this.#nics = new NicBoard(bound.map(({ plan }) => plan));
    this.#hosts = new Map(this.all.map((worker) => [worker, worker.driver.address.host]));
    const [first] = this.all;
    if (first === undefined) throw new RangeError("a pool without workers");
    this.first = first;
  }

  /** A worker by its number. */
  at(number: number): PoolWorker | undefined {
    return this.all[number];
  }

  /**
   * The NIC with an address, where that is not the first one's, at which everybody dials who knows no better: whoever reached this host
   * there may not reach it elsewhere.
   */
  nicReachedAt(host: string): number | undefined {
    const reached = this.all.find((worker) => this.#hosts.get(worker) === host);
    return reached?.nic === this.first.nic ? undefined : reached?.nic;
  }

  /**
   * The home of a peer, chosen now if it has none, on `nic` where the peer reached that.
   *
   * @throws DcquicError `dcquic.local_resource` when every worker is lost.
   */
  homeOf(peer: string, dependencies: readonly RouterDependency[], nic?: number): PoolWorker {
    const home = this.#router.assign(peer, dependencies, nic);
    const worker = home === undefined ? undefined : this.at(home);
    if (worker === undefined) {
      throw new DcquicError("dcquic.local_resource", "every worker of the pool is lost");
    }
    return worker;
  }

  /** Forgets the home of a peer without a path. */
  forget(peer: string): void {
    this.#router.forget(peer);
  }

  /** How each NIC is. */
  get nics(): readonly NicStatus[] {
    return this.#nics.all;
  }

  /** What the router counted. */
  get routerStats(): RouterStats {
    return this.#router.stats;
  }

  /** Says what news of a worker come to. */
  weigh(worker: PoolWorker, news: WorkerOwnNews): WeighedNews {
    const { number } = worker;
    switch (news.kind) {
      case "note":
        return unchanged(this.event(number, "cores.note", "info", { text: news.text }));
      case "lost": {
        const { reason } = news;
        const event = this.event(number, "worker.lost", "critical", { reason });
        return this.#workerIs(worker, "lost", event);
      }
      case "nicLost": {
        // Whatever is sent meets it.
        if (!this.#nics.isThere(worker.nic)) return unchanged();
        const { errno } = news;
        const event = this.event(number, "net.nicLost", "critical", { errno, nic: worker.nic });
        return this.nicIs(worker.nic, "gone", event);
      }
      case "finding": {
        const { kind, forMs } = news.finding;
        const level = kind === "recovered" ? "info" : "critical";
        const event = this.event(number, `worker.${kind}`, level, { forMs: Math.round(forMs) });
        return this.#workerIs(worker, CONDITIONS[kind], event);
      }
    }
  }

  /** Says what it comes to that a NIC is gone, or there again. */
  nicIs(nic: number, how: "there" | "gone", ...told: readonly DcquicEvent[]): WeighedNews {
    const state = this.#nics.nicIs(nic, how);
    const stranded = this.all.filter((worker) => this.#isStranded(worker));
    return {
      events: [...told, ...this.#nicEvent(nic, state)],
      lost: stranded.filter(({ driver }) => driver.sendBy === undefined),
      carried: stranded.filter(({ driver }) => driver.sendBy !== undefined),
      back: this.all.filter((worker) => worker.nic === nic && this.#isBack(worker)),
    };
  }

  /** Uses workers no more that were lost together, and gives their peers to the others. */
  lose(lost: readonly PoolWorker[]): readonly Reassignment[] {
    for (const worker of lost) worker.isUp = false;
    return this.#router.workersLost(lost.map(({ number }) => number));
  }

  /** Has others send for workers whose NIC is gone, and gives their peers to the others. */
  carry(carried: readonly PoolWorker[]): readonly Reassignment[] {
    for (const worker of carried) {
      worker.isCarried = true;
      worker.driver.sendBy?.("others");
      for (const path of worker.paths.keys()) worker.driver.engine.doubt(worker.driver.nowUs, path);
      worker.driver.pump();
    }
    return this.#router.workersLost(carried.map(({ number }) => number));
  }

  /** Sends for a worker whose NIC is gone; while there is no other NIC either it is lost, as on a cable that was pulled. */
  sendFor(packet: OutgoingPacket): void {
    const carrier = this.all.find(
      ({ number, nic, isUp, driver }) =>
        isUp && driver.sendFor !== undefined && this.#nics.canServe(number, nic),
    );
    carrier?.driver.sendFor?.(packet);
  }

  /** Uses a worker again, for peers that have no home yet. */
  recovered(worker: PoolWorker): void {
    worker.isUp = true;
    if (worker.isCarried) worker.driver.sendBy?.("itself");
    worker.isCarried = false;
    this.#router.workerRecovered(worker.number);
  }

  /** Gives a peer that its home's packets do not reach another one, where there is one, on `nic` where one is named. */
  reassign(peer: string, nic?: number): Reassignment | undefined {
    return this.#router.reassign(peer, nic);
  }

  /** Makes an event about a worker; its group is what its name begins with. */
  event(
    worker: number,
    kind: `${EventGroupName}.${string}`,
    level: EventLevel,
    details: DcquicEvent["details"],
  ): DcquicEvent {
    const group = kind.slice(0, kind.indexOf(".")) as EventGroupName;
    return { tUs: systemTime.nowUs(), worker, group, level, kind, details };
  }

  /** Asks those that are up for their numbers. */
  async measure(): Promise<readonly WorkerMeasure[]> {
    const up = this.all.filter(({ isUp }) => isUp);
    const asked = await Promise.all(
      up.map(async ({ number, driver }) => ({ worker: number, measured: await driver.measure() })),
    );
    return asked.flatMap(({ worker, measured }) =>
      measured === undefined ? [] : [{ worker, measured }],
    );
  }

  /** Stops all of them at once. */
  async close(): Promise<void> {
    for (const { failover } of this.all) failover.close();
    await Promise.all(this.all.map(({ driver }) => driver.close()));
  }

  #workerIs(worker: PoolWorker, condition: WorkerCondition, event: DcquicEvent): WeighedNews {
    const { number, nic, isUp } = worker;
    const state = this.#nics.workerIs(number, nic, condition);
    return {
      events: [event, ...this.#nicEvent(nic, state)],
      lost: condition === "lost" && isUp ? [worker] : [],
      carried: [],
      back: this.#isBack(worker) ? [worker] : [],
    };
  }

  #isBack({ number, nic, isUp, isCarried }: PoolWorker): boolean {
    return (!isUp || isCarried) && this.#nics.canServe(number, nic);
  }

  // A NIC that is gone strands those on it as soon as there is another one.
  #isStranded({ nic, isUp, isCarried }: PoolWorker): boolean {
    return isUp && !isCarried && !this.#nics.isThere(nic) && this.#nics.hasOther(nic);
  }

  #nicEvent(nic: number, state: NicState | undefined): readonly DcquicEvent[] {
    if (state === undefined) return [];
    const first = this.all.find((worker) => worker.nic === nic)?.number ?? 0;
    const level = state === "down" ? "critical" : "info";
    return [this.event(first, "net.nicStateChanged", level, { nic, state })];
  }
}

function unchanged(...events: readonly DcquicEvent[]): WeighedNews {
  return { events, lost: [], carried: [], back: [] };
}
