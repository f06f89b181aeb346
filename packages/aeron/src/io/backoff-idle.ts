import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

/** Idle steps that cost a turn of the event loop each. */
const TURNS = { own: 10, shared: 2_000 } as const;
/** Idle steps behind those in which a thread of its own naps. */
const NAPS = 2_000;
/** As short as the system can; on Linux it comes to a tenth of a millisecond. */
const NAP_MS = 0.01;
const SLEEP_MS = 1;

/** How a loop waits. */
export interface BackoffIdleOptions {
  /** `own` where nothing else needs this thread's event loop, so that it may be blocked for a tenth of a millisecond. */
  readonly thread: "own" | "shared";
}

/**
 * Waits between the steps of a loop that polls or offers, the longer the longer there was nothing to do.
 *
 * ```
 *   turning ──▶ napping (a thread of its own) ──▶ sleeping, 1 ms      reset() ──▶ turning
 * ```
 * A loop that only turns never gives its core away: where such loops outnumber the cores, those that have work wait for those
 * that have none, a slice of the scheduler's each time. spec/aeron.md §11
 */
export class BackoffIdle {
  readonly #turns: number;
  readonly #awake: number;
  readonly #nobody = new Int32Array(new SharedArrayBuffer(4));
  #idle = 0;

  /** Starts as if there had just been work. */
  constructor(options: BackoffIdleOptions) {
    this.#turns = TURNS[options.thread];
    this.#awake = this.#turns + (options.thread === "own" ? NAPS : 0);
  }

  /** Notes that there was work. */
  reset(): void {
    this.#idle = 0;
  }

  /** Lets the event loop turn at least once, and waits as long as suits. */
  async idle(): Promise<void> {
    const idle = this.#idle++;
    if (idle >= this.#awake) {
      await sleep(SLEEP_MS);
      return;
    }
    if (idle >= this.#turns) Atomics.wait(this.#nobody, 0, 0, NAP_MS);
    await turn();
  }
}
