import { backend, type CpuTopology } from "@proj/native-io";
import type { DcquicConfig } from "../../config/dcquic-config.js";
import { engineConfigOf, nicOf, workerCountOf } from "../../config/resolve-dcquic-config.js";
import type { EngineConfig } from "../../engine/config.js";
import { type CorePlan, planCores } from "../../topology/core-plan.js";
import type { Polling } from "../native/native-driver-options.js";
import type { SocketSettings } from "../socket-settings.js";

/** One worker of a pool, before it is bound. */
export interface WorkerPlan {
  /** Its number. */
  readonly worker: number;
  /** Index of its NIC. */
  readonly nic: number;
  /** The address of its NIC; that of the pool if absent. */
  readonly host: string | undefined;
  /** What its engine is told. */
  readonly engine: Partial<EngineConfig>;
  /** How its sockets are set up. */
  readonly sockets: SocketSettings | undefined;
  /** Its processor; `undefined` where it is not pinned. */
  readonly cpu: number | undefined;
  /** How it waits on a thread of its own. */
  readonly polling: Polling;
}

/** All workers of a pool. */
export interface PoolPlan {
  /** The workers; at least one. */
  readonly workers: readonly WorkerPlan[];
  /** Whether cores were reserved, so that each worker gets a thread of its own. */
  readonly wantsThreads: boolean;
  /** Processors that are left for everything else; empty where no worker has one for itself. */
  readonly others: readonly number[];
  /** What was asked for and is not so: one line each. */
  readonly notes: readonly string[];
}

/** The plan of a pool that was told no settings: one worker on the thread of the application. */
export function planAlone(): PoolPlan {
  const worker: WorkerPlan = {
    worker: 0,
    nic: 0,
    host: undefined,
    engine: {},
    sockets: undefined,
    cpu: undefined,
    polling: "hybrid",
  };
  return { workers: [worker], wantsThreads: false, others: [], notes: [] };
}

/**
 * Says how many workers a pool has, what each is told and where it runs.
 *
 * @see spec/dcquic.md §18, §19, §20
 */
export function planWorkers(
  config: DcquicConfig,
  topology: CpuTopology | undefined = topologyHere(),
): PoolPlan {
  const count = workerCountOf(config);
  const wantsThreads = config.cores.count > 0;
  const cores = wantsThreads ? coresOf(config, topology) : undefined;
  const workers = Array.from({ length: count }, (_, worker): WorkerPlan => {
    const nic = nicOf(config, worker);
    const planned = cores?.workers[worker];
    const poll = cores?.poll ?? "hybrid";
    return {
      worker,
      nic: worker % config.nics.length,
      host: nic?.address,
      engine: engineConfigOf(config, worker),
      sockets: {
        flowBytesPerSecond: nic?.flowBytesPerSecond ?? Number.POSITIVE_INFINITY,
        segmentation: config.gso,
        ecn: config.ecn,
        bufferBytes: config.socketBufferBytes,
      },
      cpu: planned?.cpu,
      // Whoever spins without a processor of its own takes it from everybody else.
      polling: poll === "spin" && planned?.cpu === undefined ? "hybrid" : poll,
    };
  });
  return { workers, wantsThreads, others: cores?.others ?? [], notes: cores?.notes ?? [] };
}

function coresOf(config: DcquicConfig, topology: CpuTopology | undefined): CorePlan {
  const { count, ids, poll } = config.cores;
  const cards = topology?.networkCards ?? [];
  return planCores({
    cpus: topology?.cpus ?? [],
    isolated: topology?.isolated ?? [],
    // The cards in the order of their names, as the configuration lists them.
    nicNodes: config.nics.map((_, index) => cards[index]?.node),
    count,
    poll,
    ...(ids.length === 0 ? {} : { ids }),
  });
}

function topologyHere(): CpuTopology | undefined {
  const found = backend.cores.topology();
  return found.kind === "done" ? found.value : undefined;
}
