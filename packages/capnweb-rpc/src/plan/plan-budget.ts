import { type Clock, type Limits, resolveLimits } from "@proj/wire-types";
import { CapnwebError } from "../errors.js";
import { formatPath, type NodePath } from "./node-path.js";

/** What one plan may cost the side that runs it. spec/capnweb.md §19.3 */
export const PLAN_LIMITS = {
  maxNodes: {
    default: 10_000,
    min: 1,
    max: 1_000_000,
    unit: "nodes",
    reason: "A plan is checked as a whole before it runs.",
  },
  maxDepth: {
    default: 64,
    min: 1,
    max: 256,
    unit: "levels",
    reason: "Nodes in nodes are followed by recursion.",
  },
  maxSteps: {
    default: 100_000,
    min: 1,
    max: 1_000_000_000,
    unit: "evaluated nodes",
    reason: "Loops in loops multiply.",
  },
  maxCalls: {
    default: 10_000,
    min: 0,
    max: 10_000_000,
    unit: "calls",
    reason: "Every call may cost another process work.",
  },
  maxIterations: {
    default: 100_000,
    min: 0,
    max: 1_000_000_000,
    unit: "iterations",
    reason: "A condition may never come true.",
  },
  maxTimeMs: {
    default: 10_000,
    min: 1,
    max: 86_400_000,
    unit: "ms",
    reason: "A call may never be answered.",
  },
  maxValueSize: {
    default: 4_194_304,
    min: 1,
    max: 1_073_741_824,
    unit: "bytes, as text would take them",
    reason: "A value that holds itself twice, over and over, fills any memory.",
  },
} as const;

/** The values of {@link PLAN_LIMITS}. */
export type PlanLimits = Limits<typeof PLAN_LIMITS>;

/** Completes `chosen` with defaults. @throws RangeError for a limit out of range. */
export function planLimits(chosen: Partial<PlanLimits> = {}): PlanLimits {
  return resolveLimits(PLAN_LIMITS, chosen);
}

/** What one run has left. Every `spend…` and `check…` throws {@link CapnwebError} `capnweb.plan_budget`. */
export class PlanBudget {
  readonly #limits: PlanLimits;
  readonly #clock: Clock;
  readonly #untilUs: number;
  #steps = 0;
  #calls = 0;
  #iterations = 0;

  /** The time runs from now on. */
  constructor(limits: PlanLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#untilUs = clock.nowUs() + limits.maxTimeMs * 1000;
  }

  /** The size that no value may exceed. */
  get maxValueSize(): number {
    return this.#limits.maxValueSize;
  }

  /** How many nodes have been evaluated. */
  get steps(): number {
    return this.#steps;
  }

  /** Microseconds that are left. */
  get leftUs(): number {
    return this.#untilUs - this.#clock.nowUs();
  }

  /** Counts one evaluated node, and looks at the clock. */
  spendStep(at: NodePath): void {
    if (++this.#steps > this.#limits.maxSteps) throw this.#exceeded("maxSteps", at);
    if (this.leftUs <= 0) throw this.outOfTime(at);
  }

  /** Counts one call. */
  spendCall(at: NodePath): void {
    if (++this.#calls > this.#limits.maxCalls) throw this.#exceeded("maxCalls", at);
  }

  /** Counts one round of a loop. */
  spendIteration(at: NodePath): void {
    if (++this.#iterations > this.#limits.maxIterations) throw this.#exceeded("maxIterations", at);
  }

  /** Checks the size of a value. */
  checkSize(size: number, at: NodePath): void {
    if (size > this.#limits.maxValueSize) throw this.#exceeded("maxValueSize", at);
  }

  /** The refusal of a plan that takes too long. */
  outOfTime(at: NodePath): CapnwebError {
    return this.#exceeded("maxTimeMs", at);
  }

  #exceeded(budget: keyof PlanLimits, at: NodePath): CapnwebError {
    const limit = this.#limits[budget];
    const { unit } = PLAN_LIMITS[budget];
    const path = formatPath(at);
    return new CapnwebError("capnweb.plan_budget", `${path}: more than ${limit} ${unit}`, {
      details: { path, budget, limit },
    });
  }
}
