/** One processor of the machine, as far as a plan needs it. */
export interface PlanCpu {
  /** Its number. */
  readonly id: number;
  /** Its NUMA node. */
  readonly node: number;
  /** Processors of the same core, itself included. */
  readonly siblings: readonly number[];
}

/** What is planned with. */
export interface CorePlanInput {
  /** The processors that this process may use. */
  readonly cpus: readonly PlanCpu[];
  /** Processors that the kernel schedules nothing on by itself. */
  readonly isolated: readonly number[];
  /** The NUMA node of each NIC; `undefined` where nobody knows. One worker at least serves each. */
  readonly nicNodes: readonly (number | undefined)[];
  /** Cores that workers get for themselves; 0 pins nothing. */
  readonly count: number;
  /** Processors that are asked for by number, one per worker, instead of chosen ones. */
  readonly ids?: readonly number[];
  /** How workers wait; `auto` spins where there are at least three processors. */
  readonly poll?: "auto" | "spin" | "hybrid" | "blocking";
}

/** A worker and where it runs. */
export interface PlannedWorker {
  /** Its number. */
  readonly worker: number;
  /** Index of its NIC. */
  readonly nic: number;
  /** Its processor; `undefined` where it is not pinned. */
  readonly cpu: number | undefined;
}

/** Where workers run and who has the rest. */
export interface CorePlan {
  /** The workers. */
  readonly workers: readonly PlannedWorker[];
  /** Processors for everything else; empty where nothing is pinned. */
  readonly others: readonly number[];
  /** How workers wait. */
  readonly poll: "spin" | "hybrid" | "blocking";
  /** What was asked for and is not so, and what that costs: one line each. */
  readonly notes: readonly string[];
}

const MIN_CPUS_TO_SPIN = 3;

/**
 * Allots processors to workers: near their NIC, one core each, and never processor 0, which the kernel likes best.
 *
 * Too few processors are no error: workers without one are not pinned, and the plan says so.
 *
 * @see spec/dcquic.md §19
 */
export function planCores(input: CorePlanInput): CorePlan {
  const { nicNodes, count, ids, cpus } = input;
  const workers = Math.max(nicNodes.length, ids?.length ?? 0, count, 1);
  const notes: string[] = [];
  const taken = new Set<number>();
  const planned = Array.from({ length: workers }, (_, worker): PlannedWorker => {
    const nic = nicNodes.length === 0 ? 0 : worker % nicNodes.length;
    const cpu =
      ids === undefined
        ? choose(input, worker, nicNodes[nic], taken)
        : asked(input, ids[worker], taken, notes);
    if (cpu !== undefined) for (const sibling of cpu.siblings) taken.add(sibling);
    return { worker, nic, cpu: cpu?.id };
  });
  const pinned = planned.filter(({ cpu }) => cpu !== undefined).length;
  const wanted = ids?.length ?? count;
  if (pinned < wanted) {
    notes.push(`${wanted} cores wanted, ${pinned} found: ${wanted - pinned} workers share theirs`);
  }
  const isolated = new Set(input.isolated);
  const exposed = planned.filter(({ cpu }) => cpu !== undefined && !isolated.has(cpu));
  if (exposed.length > 0) {
    notes.push(
      `cores.isolation: the kernel may run others on ${exposed.map(({ cpu }) => cpu).join()}`,
    );
  }
  const own = new Set(planned.map(({ cpu }) => cpu));
  return {
    workers: planned,
    others: pinned === 0 ? [] : cpus.map(({ id }) => id).filter((id) => !own.has(id)),
    poll: pollOf(input, notes),
    notes,
  };
}

function choose(
  { cpus, count, isolated }: CorePlanInput,
  worker: number,
  node: number | undefined,
  taken: ReadonlySet<number>,
): PlanCpu | undefined {
  if (worker >= count) return undefined;
  const free = cpus.filter(({ id }) => id !== 0 && !taken.has(id));
  const score = (cpu: PlanCpu): number =>
    (node === undefined || cpu.node === node ? 0 : 2) + (isolated.includes(cpu.id) ? 0 : 1);
  return free.toSorted((a, b) => score(a) - score(b) || a.id - b.id)[0];
}

function asked(
  { cpus }: CorePlanInput,
  id: number | undefined,
  taken: ReadonlySet<number>,
  notes: string[],
): PlanCpu | undefined {
  if (id === undefined) return undefined;
  const cpu = cpus.find((each) => each.id === id);
  if (cpu === undefined) notes.push(`processor ${id} is not one of this process`);
  else if (taken.has(id)) notes.push(`processor ${id} is on the core of another worker`);
  else return cpu;
  return undefined;
}

function pollOf({ cpus, poll = "auto" }: CorePlanInput, notes: string[]): CorePlan["poll"] {
  if (poll !== "auto") return poll;
  if (cpus.length >= MIN_CPUS_TO_SPIN) return "spin";
  notes.push(`${cpus.length} processors: workers spin for 50 µs only, then sleep`);
  return "hybrid";
}
