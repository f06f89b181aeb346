import type { RandomSource } from "@proj/wire-types";
import type { BufferRegistry } from "../buffer/buffer-registry.js";
import { CausalityMap } from "../causality/causality-map.js";
import type { CryptoBackend } from "../crypto/backend.js";
import { DataKeyCache } from "../crypto/data-keys.js";
import type { RmaPort } from "../rma/rma-port.js";
import { LeakyBucket } from "../sched/leaky-bucket.js";
import { PullScheduler } from "../sched/pull-scheduler.js";
import { SlotTable } from "../transfer/slot-table.js";
import { type EngineConfig, resolveConfig } from "./config.js";
import { EngineContext, type TableEntry } from "./context.js";

/** What an engine takes from its surroundings. */
export interface EngineOptions {
  /** What differs from the defaults. */
  readonly config?: Partial<EngineConfig>;
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Randomness for challenges and jitter. */
  readonly random: RandomSource;
  /** The buffers of own transfers. */
  readonly buffers: BufferRegistry;
  /** When it begins; µs. */
  readonly nowUs: number;
  /** Memory of peers, where the driver lends it. */
  readonly rma?: RmaPort;
  /** Generation of the first ids; 1 if absent. */
  readonly firstGeneration?: number;
}

/** Makes what the parts of an engine share. @throws RangeError for a configuration that contradicts itself. */
export function contextOf(options: EngineOptions): EngineContext {
  const config = resolveConfig(options.config ?? {});
  const { crypto, random, buffers, nowUs } = options;
  const { worker } = config;
  return new EngineContext({
    config,
    crypto,
    random,
    buffers,
    nowUs,
    rma: options.rma,
    causality: new CausalityMap({
      worker,
      initialSlots: config.causalityInitialSlots,
      maxSlots: config.causalityMaxSlots,
    }),
    dataKeys: new DataKeyCache(crypto, config.dataKeyCache),
    transfers: new SlotTable<TableEntry>(worker, config.maxTransfers, options.firstGeneration ?? 1),
    pulls: new PullScheduler({
      rxBytesPerSecond: config.nicBytesPerSecond,
      rxUtilisation: config.rxUtilisation,
      quantumBytes: config.pullQuantumBytes,
      windowFactor: config.windowFactor,
      overcommit: config.overcommit,
      slackUs: config.nicSlackUs,
    }),
    nic: new LeakyBucket(config.nicBytesPerSecond, config.nicSlackUs),
  });
}
