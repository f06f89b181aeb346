import { systemTime } from "@proj/wire-types/system";
import { DEFAULT_CONFIG } from "../../engine/config.js";
import { DcquicError } from "../../errors.js";
import type { DcquicEvent, EventGroupName, EventLevel } from "../../events/event-groups.js";
import {
  type Reassignment,
  RequestRouter,
  type RouterDependency,
} from "../../router/request-router.js";
import type { WorkerMeasure } from "../../pool/pool-backend.js";
import type { PortParts } from "../../stream/engine-port.js";
import type { QueueLimits } from "../../stream/inbound.js";
import type { IncomingStream } from "../../stream/incoming-stream.js";
import { StreamLayer } from "../../stream/stream-layer.js";
import { EndpointFailover } from "./endpoint-failover.js";
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
  /** Is shown every stream that a peer opens. */
  readonly onIncoming: (worker: PoolWorker, incoming: IncomingStream) => void;
}

/** What news of a worker come to. */
export interface WeighedNews {
  /** What subscribers are told. */
  readonly event: DcquicEvent;
  /** Whether its peers need another home. */
  readonly isLost: boolean;
  /** Whether it may have peers again. */
  readonly isBack: boolean;
}

/**
 * The workers of a pool: which peer is at home where, and what becomes of the peers of one that is lost.
 *
 * ```
 * up ──thread ended, NIC gone, five seconds without a turn─▶ down        hung and down ──a turn─▶ up, for new peers
 * ```
 *
 * @see spec/dcquic.md §14, §18
 */
export class WorkerSet {
  /** All of them, by number. */
  readonly all: readonly PoolWorker[];
  /** The first: handshakes are answered on its port's number. */
  readonly first: PoolWorker;
  readonly #router: RequestRouter;

  /** @throws RangeError for no workers. */
  constructor({ bound, parts, queue, onIncoming }: WorkerSetOptions) {
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
          onIncoming: (incoming) => onIncoming(worker, incoming),
        }),
        failover: new EndpointFailover(driver),
        paths: new Map(),
        unproved: new Map(),
        isUp: true,
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
    const [first] = this.all;
    if (first === undefined) throw new RangeError("a pool without workers");
    this.first = first;
  }

  /** A worker by its number. */
  at(number: number): PoolWorker | undefined {
    return this.all[number];
  }

  /** The home of a peer, chosen now if it has none. @throws DcquicError `dcquic.local_resource` when every worker is lost. */
  homeOf(peer: string, dependencies: readonly RouterDependency[]): PoolWorker {
    const home = this.#router.assign(peer, dependencies);
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

  /** Says what news of a worker come to. */
  weigh(number: number, news: WorkerOwnNews): WeighedNews {
    const isUp = this.at(number)?.isUp === true;
    switch (news.kind) {
      case "note":
        return unchanged(this.event(number, "cores.note", "info", { text: news.text }));
      case "lost": {
        const event = this.event(number, "worker.lost", "critical", { reason: news.reason });
        return { event, isLost: isUp, isBack: false };
      }
      case "nicLost": {
        const event = this.event(number, "net.nicLost", "critical", { errno: news.errno });
        return { event, isLost: isUp, isBack: false };
      }
      case "finding": {
        const { kind, forMs } = news.finding;
        const level = kind === "recovered" ? "info" : "critical";
        const event = this.event(number, `worker.${kind}`, level, { forMs: Math.round(forMs) });
        return {
          event,
          isLost: kind === "hung" && isUp,
          isBack: kind === "recovered" && !isUp,
        };
      }
    }
  }

  /** Uses a worker no more, and gives its peers to the others. */
  lose(worker: PoolWorker): readonly Reassignment[] {
    worker.isUp = false;
    return this.#router.workerLost(worker.number);
  }

  /** Uses a worker again, for peers that have no home yet. */
  recovered(number: number): void {
    const worker = this.at(number);
    if (worker === undefined) return;
    worker.isUp = true;
    this.#router.workerRecovered(number);
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
}

function unchanged(event: DcquicEvent): WeighedNews {
  return { event, isLost: false, isBack: false };
}
