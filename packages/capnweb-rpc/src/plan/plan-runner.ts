import { RpcTarget } from "../rpc-target.js";
import { detach, release } from "./plan-value.js";
import { type PlanOptions, runPlan } from "./run-plan.js";

/**
 * Runs plans for peers that are given a stub of it: an object like any other, which no peer can reach
 * that the application does not give it to. spec/capnweb.md §19.3
 */
export class PlanRunner extends RpcTarget {
  readonly #options: Omit<PlanOptions, "signal">;
  readonly #maxRuns: number;
  #runs = 0;

  /** @param options `maxRuns` plans may run at once, 16 where absent. */
  constructor(
    options: Omit<PlanOptions, "signal"> & { readonly maxRuns?: number | undefined } = {},
  ) {
    super();
    this.#options = options;
    this.#maxRuns = options.maxRuns ?? 16;
  }

  /** Runs a plan, and answers its value. @throws what {@link runPlan} does. */
  async run(plan: unknown, captures: readonly object[] = [], params?: unknown): Promise<unknown> {
    return await this.#run(plan, captures, params, undefined);
  }

  /** Starts a plan. Disposing the stub of the run cancels it. */
  start(plan: unknown, captures: readonly object[] = [], params?: unknown): PlanRun {
    const controller = new AbortController();
    // What came along belongs to the call, and the run outlives it.
    const kept = detach({ captures: [...captures], params }) as {
      readonly captures: readonly object[];
      readonly params: unknown;
    };
    const outcome = this.#run(plan, kept.captures, kept.params, controller.signal).finally(() =>
      release(kept),
    );
    return new PlanRun(outcome, () => controller.abort());
  }

  async #run(
    plan: unknown,
    captures: readonly object[],
    params: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (this.#runs >= this.#maxRuns) {
      throw new RangeError(`${this.#maxRuns} plans run at once already`);
    }
    this.#runs++;
    try {
      return await runPlan(plan, captures, params, { ...this.#options, signal });
    } finally {
      this.#runs--;
    }
  }
}

/** A plan that runs. Disposing it cancels it. */
export class PlanRun extends RpcTarget {
  readonly #outcome: Promise<unknown>;
  readonly #cancel: () => void;
  #taken = false;

  /** Made by {@link PlanRunner.start}. */
  constructor(outcome: Promise<unknown>, cancel: () => void) {
    super();
    this.#outcome = outcome;
    this.#cancel = cancel;
    outcome.catch(() => undefined);
  }

  /** Answers the plan's value, once. @throws what {@link runPlan} does. */
  result(): Promise<unknown> {
    if (this.#taken) return Promise.reject(new Error("The result of the plan has been taken."));
    this.#taken = true;
    return this.#outcome;
  }

  /** Cancels the plan if it still runs. */
  [Symbol.dispose](): void {
    this.#cancel();
    if (!this.#taken) this.#outcome.then(release, () => undefined);
  }
}
