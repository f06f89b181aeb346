import { readlinkSync } from "node:fs";
import { type Capability, missing } from "../capability.js";
import { done, type Outcome, refused } from "../outcome.js";
import { CORES_COSTS, reportTopology } from "./capabilities.js";
import type { Cores, Scheduling } from "./cores.js";
import { type CpuTopology, readTopology } from "./topology.js";

const WHY = "only native code can ask";

/** What the file system tells of processors and threads. */
export class PortableCores implements Cores {
  /** Only what can be read is there. */
  capabilities(): readonly Capability[] {
    const lacks = Object.entries(CORES_COSTS).map(([name, cost]) => missing(name, WHY, cost));
    return [...lacks, reportTopology(this.topology())];
  }

  /** Linux names the calling thread in /proc. */
  threadId(): Outcome<number> {
    try {
      return done(Number(readlinkSync("/proc/thread-self").split("/").at(-1)));
    } catch {
      return refused("ENOTSUP", WHY);
    }
  }

  affinity(_thread?: number): Outcome<readonly number[]> {
    return refused("ENOTSUP", WHY);
  }

  pin(_cpus: readonly number[], _thread?: number): Outcome<readonly number[]> {
    return refused("ENOTSUP", WHY);
  }

  scheduling(_thread?: number): Outcome<Scheduling> {
    return refused("ENOTSUP", WHY);
  }

  setScheduling(_scheduling: Scheduling, _thread?: number): Outcome<Scheduling> {
    return refused("ENOTSUP", WHY);
  }

  setNice(_nice: number, _thread?: number): Outcome<number> {
    return refused("ENOTSUP", WHY);
  }

  topology(): Outcome<CpuTopology> {
    return readTopology();
  }
}
