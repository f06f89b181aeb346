import { available, type Capability } from "../capability.js";
import { errnoName } from "../errors.js";
import { done, type Outcome, refused } from "../outcome.js";
import { reportTopology } from "./capabilities.js";
import type { Cores, SchedulerPolicy, Scheduling } from "./cores.js";
import { type CpuTopology, readTopology } from "./topology.js";

/** What native/cores.cc exports. Thread 0 is the calling one; answers below zero are negative errnos. */
export interface CoresAddon {
  threadId(): number;
  setAffinity(thread: number, cpus: Int32Array): number;
  affinity(thread: number, into: Int32Array): number;
  setScheduler(thread: number, policy: number, priority: number): number;
  scheduler(thread: number): number;
  setNice(thread: number, nice: number): number;
}

// Linux's numbers.
const POLICIES = { other: 0, fifo: 1, roundRobin: 2, batch: 3, idle: 5 } as const;
const PRIORITY_SHIFT = 8;
const MAX_CPUS = 8192;

/** Threads by the kernel's own calls. */
export class NativeCores implements Cores {
  readonly #addon: CoresAddon;

  /** `addon` is the object that native/cores.cc fills. */
  constructor(addon: CoresAddon) {
    this.#addon = addon;
  }

  /** Asks nothing of the calling thread that would change it. */
  capabilities(): readonly Capability[] {
    return [
      available("cores.pin", "sched_setaffinity"),
      available("cores.scheduling", "sched_setscheduler"),
      reportTopology(this.topology()),
    ];
  }

  threadId(): Outcome<number> {
    return done(this.#addon.threadId());
  }

  affinity(thread = 0): Outcome<readonly number[]> {
    const into = new Int32Array(MAX_CPUS);
    const count = this.#addon.affinity(thread, into);
    return outcome(count, "reading the processors", () => Array.from(into.subarray(0, count)));
  }

  pin(cpus: readonly number[], thread = 0): Outcome<readonly number[]> {
    const wrong = cpus.find((cpu) => !Number.isInteger(cpu) || cpu < 0 || cpu >= MAX_CPUS);
    if (wrong !== undefined) throw new RangeError(`${wrong} is no number of a processor`);
    const answer = this.#addon.setAffinity(thread, Int32Array.from(cpus));
    return answer < 0 ? refusal(answer, "pinning") : this.affinity(thread);
  }

  scheduling(thread = 0): Outcome<Scheduling> {
    const packed = this.#addon.scheduler(thread);
    const number = packed & 0xff;
    const policy = policyOf(number);
    if (packed >= 0 && policy === undefined) {
      return refused("ENOTSUP", `policy ${number} is none of ours`);
    }
    return outcome(packed, "reading the policy", () => ({
      policy: policy ?? "other",
      priority: packed >> PRIORITY_SHIFT,
    }));
  }

  setScheduling({ policy, priority }: Scheduling, thread = 0): Outcome<Scheduling> {
    const answer = this.#addon.setScheduler(thread, POLICIES[policy], priority);
    return answer < 0 ? refusal(answer, `the policy ${policy}`) : this.scheduling(thread);
  }

  setNice(nice: number, thread = 0): Outcome<number> {
    return outcome(this.#addon.setNice(thread, nice), `nice ${nice}`, () => nice);
  }

  topology(): Outcome<CpuTopology> {
    return readTopology();
  }
}

function policyOf(number: number): SchedulerPolicy | undefined {
  const names = Object.keys(POLICIES) as readonly SchedulerPolicy[];
  return names.find((name) => POLICIES[name] === number);
}

function outcome<T>(answer: number, operation: string, value: () => T): Outcome<T> {
  return answer < 0 ? refusal(answer, operation) : done(value());
}

function refusal<T>(negativeErrno: number, operation: string): Outcome<T> {
  const errno = errnoName(negativeErrno);
  return refused(errno, `${operation}: ${errno}`);
}
