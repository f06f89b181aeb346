import type { Hook } from "../core/hook.js";

/** The calls of one pipeline, in the order in which they were written down. */
export class CallLog {
  readonly #start: () => void;
  readonly #calls: (() => void)[] = [];
  readonly #hooks = new Set<Hook>();
  #running = false;

  /** `start` makes known what the calls are for, when they are about to be made. */
  constructor(start: () => void) {
    this.#start = start;
  }

  /** Writes a call down. */
  add(call: () => void): void {
    this.#calls.push(call);
  }

  /** Notes a result, which the pipeline frees at its end. */
  keep(hook: Hook): Hook {
    this.#hooks.add(hook);
    return hook;
  }

  /** Makes every call, once. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#start();
    for (const call of this.#calls.splice(0)) call();
  }

  /** Frees every result except the `listed` ones, which belong to the caller now. */
  free(listed: ReadonlySet<Hook>): void {
    for (const hook of this.#hooks) if (!listed.has(hook)) hook.dispose();
    this.#hooks.clear();
  }
}
