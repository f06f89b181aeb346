import type { Clock, Timers } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import { RpcStubBase } from "../core/stub.js";
import { stubCore } from "../core/stub-handle.js";
import { checkPlan } from "./check-plan.js";
import { type PlanLimits, planLimits } from "./plan-budget.js";
import { PlanExecution } from "./plan-execution.js";

/** What may be chosen for running plans. */
export interface PlanOptions {
  /** What one plan may cost; absent ones are {@link PLAN_LIMITS}. */
  readonly limits?: Partial<PlanLimits> | undefined;
  /** Ends a run. */
  readonly signal?: AbortSignal | undefined;
  /** The clock and the timers; the host's where absent. */
  readonly time?: (Clock & Timers) | undefined;
}

/**
 * Checks a plan and runs it here, with the authority of `captures` and no other. The value that it
 * answers owns its stubs. spec/capnweb.md §19.3
 *
 * @param captures Stubs, which stay the caller's; targets and functions are wrapped for the run.
 * @throws {@link CapnwebError} `capnweb.plan_invalid` before anything has run; `capnweb.plan_failed`
 *   and `capnweb.plan_budget` with the path of the node; `capnweb.cancelled`.
 */
export async function runPlan(
  plan: unknown,
  captures: readonly object[] = [],
  params?: unknown,
  options: PlanOptions = {},
): Promise<unknown> {
  const limits = planLimits(options.limits);
  const { body } = checkPlan(plan, captures.length, limits);
  const wrapped: Disposable[] = [];
  const stubs = captures.map((capture) => {
    if (stubCore(capture) !== undefined) return capture;
    const stub = new RpcStubBase(capture);
    wrapped.push(stub);
    return stub;
  });
  const { time = systemTime, signal } = options;
  try {
    return await new PlanExecution({ captures: stubs, params, limits, time, signal }).run(body);
  } finally {
    for (const stub of wrapped) stub[Symbol.dispose]();
  }
}
