import type { Hook } from "../core/hook.js";
import { handleOfPromise } from "../core/stub-handle.js";
import type { NodePath } from "./node-path.js";
import type { PlanPath } from "./plan.js";
import type { PlanBudget } from "./plan-budget.js";
import { failedAt } from "./plan-failure.js";
import type { PlanStop } from "./plan-stop.js";
import { callRemote, detach, isPending, isRemote, member, Scales, settle } from "./plan-value.js";

/** What the calls of one run gave: awaited where it is needed, sized, and freed at the end. */
export class PlanResults {
  readonly #budget: PlanBudget;
  readonly #stop: PlanStop;
  readonly #scales = new Scales();
  readonly #hooks: Hook[] = [];
  readonly #values: Partial<Disposable>[] = [];

  /** Waiting ends with `stop`. */
  constructor(budget: PlanBudget, stop: PlanStop) {
    this.#budget = budget;
    this.#stop = stop;
  }

  /** Calls what `path` leads to from `value`, and answers the promise of it. @throws TypeError for no stub. */
  call(value: unknown, path: PlanPath, args: readonly unknown[]): unknown {
    let target = value;
    for (let at = 0; ; at++) {
      if (isRemote(target)) {
        const { promise, hook } = callRemote(target, path.slice(at), args);
        this.#hooks.push(hook);
        return promise;
      }
      const key = path[at];
      if (key === undefined) throw new TypeError("only stubs can be called");
      target = member(target, [key]);
    }
  }

  /** Answers a value that is there, whatever its parts are. @throws CapnwebError for a call that failed. */
  async force(value: unknown, at: NodePath): Promise<unknown> {
    if (!isPending(value)) return value;
    let known: unknown;
    try {
      known = await this.#stop.race(value);
    } catch (error) {
      this.#stop.check();
      throw failedAt(error, at);
    }
    this.weigh(known, at);
    // What a property promise gives belongs to nobody else.
    if (handleOfPromise(value)?.path.length !== 0 && isDisposable(known)) this.#values.push(known);
    return known;
  }

  /** Checks the size of a value. @throws CapnwebError `capnweb.plan_budget`. */
  weigh(value: unknown, at: NodePath): void {
    this.#budget.checkSize(this.#scales.weigh(value, this.#budget.maxValueSize), at);
  }

  /** Answers the value of the plan: whole, and with stubs of its own. */
  async finish(value: unknown): Promise<unknown> {
    const settled = await settle(value, (pending) => this.force(pending, undefined));
    this.weigh(settled, undefined);
    return detach(settled);
  }

  /** Frees everything. */
  free(): void {
    for (const hook of this.#hooks) hook.dispose();
    for (const each of this.#values) each[Symbol.dispose]?.();
  }
}

function isDisposable(value: unknown): value is Partial<Disposable> {
  return isRemote(value) || (typeof value === "object" && value !== null);
}
