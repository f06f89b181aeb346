/** What {@link IdempotencyStore.enter} finds. */
export type IdempotencyEntry<Result> =
  /** The task runs for the first time. */
  | { readonly kind: "run" }
  /** The task runs already: `waiter` was noted and gets the result from {@link IdempotencyStore.finish}. */
  | { readonly kind: "joined" }
  /** The task ran: this is its result. */
  | { readonly kind: "done"; readonly result: Result };

interface Task<Result, Waiter> {
  expiresUs: number;
  result: { readonly value: Result; readonly bytes: number } | undefined;
  waiters: Waiter[];
}

/** Bounds of an {@link IdempotencyStore}. */
export interface IdempotencyLimits {
  /** Microseconds that a result is kept. */
  readonly keepUs: number;
  /** Tasks kept at most; the oldest finished one goes first. */
  readonly maxTasks: number;
  /** Bytes of all results together. */
  readonly maxBytes: number;
}

/**
 * Makes a task with an idempotency key run once and gives its result to everyone who asks with that key.
 *
 * One store per peer. Unfinished tasks are bounded by `maxTasks` too: when all are unfinished a new key is refused.
 *
 * @see spec/xcp.md §8
 */
export class IdempotencyStore<Result, Waiter> {
  readonly #limits: IdempotencyLimits;
  readonly #tasks = new Map<string, Task<Result, Waiter>>();
  #bytes = 0;

  /** The store is empty at first. */
  constructor(limits: IdempotencyLimits) {
    this.#limits = limits;
  }

  /** Notes that `waiter` wants the task `key` done; `undefined` when there is no room for another task. */
  enter(nowUs: number, key: string, waiter: Waiter): IdempotencyEntry<Result> | undefined {
    this.#expire(nowUs);
    const task = this.#tasks.get(key);
    if (task !== undefined) {
      if (task.result !== undefined) return { kind: "done", result: task.result.value };
      if (task.waiters.length >= this.#limits.maxTasks) return undefined;
      task.waiters.push(waiter);
      return { kind: "joined" };
    }
    if (this.#tasks.size >= this.#limits.maxTasks && !this.#evictOne()) return undefined;
    this.#tasks.set(key, {
      expiresUs: nowUs + this.#limits.keepUs,
      result: undefined,
      waiters: [],
    });
    return { kind: "run" };
  }

  /** Stores the result of `key` and returns those who wait for it. `bytes` is what keeping it costs. */
  finish(nowUs: number, key: string, value: Result, bytes: number): readonly Waiter[] {
    const task = this.#tasks.get(key);
    if (task === undefined) return [];
    const waiters = task.waiters;
    task.waiters = [];
    task.result = { value, bytes };
    task.expiresUs = nowUs + this.#limits.keepUs;
    this.#bytes += bytes;
    // The order of the map is the order of expiry.
    this.#tasks.delete(key);
    this.#tasks.set(key, task);
    while (this.#bytes > this.#limits.maxBytes && this.#evictOne());
    return waiters;
  }

  /** Forgets the task, so that it may run again, and returns those who waited for it. */
  abandon(key: string): readonly Waiter[] {
    const task = this.#tasks.get(key);
    if (task === undefined) return [];
    this.#delete(key, task);
    return task.waiters;
  }

  #expire(nowUs: number): void {
    for (const [key, task] of this.#tasks) {
      if (task.result === undefined) continue;
      if (task.expiresUs > nowUs) return;
      this.#delete(key, task);
    }
  }

  #evictOne(): boolean {
    for (const [key, task] of this.#tasks) {
      if (task.result === undefined) continue;
      this.#delete(key, task);
      return true;
    }
    return false;
  }

  #delete(key: string, task: Task<Result, Waiter>): void {
    this.#tasks.delete(key);
    this.#bytes -= task.result?.bytes ?? 0;
  }
}
