export type { Faults, Span } from "./faults.js";
export { mixFaults } from "./faults.js";
export {
  HostMemory,
  MemoryAccess,
  type MemoryAccessOptions,
  type MemoryAccessWorld,
} from "./memory-access.js";
export type { NetworkCounts, NetworkOptions } from "./network.js";
export { SimHost, type SimHostOptions } from "./sim-host.js";
export { SimPools } from "./sim-pools.js";
export {
  type PlannedTransfer,
  runWorkload,
  type TransferOutcome,
  type WorkloadOptions,
  type WorkloadReport,
} from "./workload.js";
export { type Invariant, World } from "./world.js";
export type { WorldOptions } from "./world-options.js";
