import { available, type Capability, missing } from "../capability.js";
import type { Outcome } from "../outcome.js";
import type { CpuTopology } from "./topology.js";

/** What is lost with each thing that only native code can do. */
export const CORES_COSTS = {
  "cores.pin": "the scheduler moves threads, and caches with them",
  "cores.scheduling": "a busy thread shares its processor with any other",
} as const;

/** Reports the topology, and processors that are kept free for pinned threads. */
export function reportTopology(topology: Outcome<CpuTopology>): Capability {
  const name = "cores.isolation";
  const cost = "other programs run on the processors that threads are pinned to";
  if (topology.kind === "refused") return missing(name, topology.reason, cost);
  const { cpus, nodes, isolated } = topology.value;
  const machine = `${cpus.length} processors in ${nodes.length} memory nodes`;
  if (isolated.length === 0) return missing(name, `${machine}, none isolated`, cost);
  return available(name, `${machine}, ${isolated.length} isolated`);
}
