import type { Capability } from "../capability.js";
import type { Outcome } from "../outcome.js";
import type { CpuTopology } from "./topology.js";

/** How the kernel chooses between threads that could run. */
export type SchedulerPolicy = "other" | "fifo" | "roundRobin" | "batch" | "idle";

/** A policy and, for `fifo` and `roundRobin`, its priority: 1–99, else 0. */
export interface Scheduling {
  /** The policy. */
  readonly policy: SchedulerPolicy;
  /** The priority. */
  readonly priority: number;
}

/**
 * Which processors a thread runs on, and how it is scheduled. spec/dcquic.md §19
 *
 * A thread is named by the kernel's number for it; without one the calling thread is meant, also in a worker. Only
 * threads of this process can be named.
 */
export interface Cores {
  /** Reports what can be asked for here. */
  capabilities(): readonly Capability[];
  /** Tells the kernel's number of the calling thread. */
  threadId(): Outcome<number>;
  /** Tells the CPUs that a thread may run on. */
  affinity(thread?: number): Outcome<readonly number[]>;
  /** Lets a thread run on `cpus` only. Returns what holds now, which is less where a cpuset does not contain them. */
  pin(cpus: readonly number[], thread?: number): Outcome<readonly number[]>;
  /** Tells how a thread is scheduled. */
  scheduling(thread?: number): Outcome<Scheduling>;
  /** Changes how a thread is scheduled; the real-time policies need a privilege. */
  setScheduling(scheduling: Scheduling, thread?: number): Outcome<Scheduling>;
  /** Sets a thread's nice value, −20 (most) to 19; going down needs a privilege. */
  setNice(nice: number, thread?: number): Outcome<number>;
  /** Reads processors, nodes and network cards from sysfs. */
  topology(): Outcome<CpuTopology>;
}
