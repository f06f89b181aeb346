import { withDeadline, type DeadlineOptions } from "../connect/with-deadline.js";
import type { RpcStub } from "../types.js";
import { Expr, nodeOf, type Operand, withFreshNames } from "./expr.js";
import type { Plan } from "./plan.js";
import type { PlanRunner } from "./plan-runner.js";

/** A plan that knows what it is given and what it answers. */
export interface TypedPlan<C extends readonly unknown[], P, R> extends Plan {
  /** For the compiler alone. */
  readonly types?: { readonly captures: C; readonly params: P; readonly result: R };
}

/** What a plan is written with. */
export interface PlanInputs<C extends readonly unknown[], P> {
  /** The stubs that go along. */
  readonly captures: { readonly [K in keyof C]: Expr<C[K]> };
  /** The parameters. */
  readonly params: Expr<P>;
}

/**
 * Writes a plan: `build` runs here, once, on expressions that stand for what will exist where the
 * plan runs. A plan can be kept and run many times, with other captures and parameters.
 *
 * @param captures How many stubs go along.
 */
export function buildPlan<C extends readonly unknown[], P, R>(
  captures: C["length"],
  build: (inputs: PlanInputs<C, P>) => Operand<R>,
): TypedPlan<C, P, R> {
  const stubs = Array.from({ length: captures }, (_, index) => new Expr({ op: "capture", index }));
  const inputs = {
    captures: stubs as unknown as PlanInputs<C, P>["captures"],
    params: new Expr<P>({ op: "param", path: [] }),
  };
  return withFreshNames(() => ({ v: 1, captures, body: nodeOf(build(inputs)) }));
}

/**
 * Has a peer's runner carry out a plan: one round trip. Giving up cancels it there.
 *
 * @throws what the peer's runner throws; {@link CapnwebError} `capnweb.timeout`, `capnweb.cancelled`.
 */
export async function requestPlan<C extends readonly unknown[], P, R>(
  runner: RpcStub<PlanRunner>,
  plan: TypedPlan<C, P, R>,
  captures: { readonly [K in keyof C]: RpcStub<C[K]> },
  params: P,
  options: DeadlineOptions = {},
): Promise<R> {
  const run = runner.start(plan, captures, params);
  try {
    return (await withDeadline(run.result(), options)) as R;
  } finally {
    run[Symbol.dispose]();
  }
}
