/** What a watchdog noticed about one worker. */
export type WatchdogFinding =
  /** Its loop did not turn for a second. */
  | { readonly kind: "stalled"; readonly worker: number; readonly forMs: number }
  /** It did not for five: what is configured for hanging workers is to happen. */
  | { readonly kind: "hung"; readonly worker: number; readonly forMs: number }
  /** A stalled one turns again. */
  | { readonly kind: "recovered"; readonly worker: number; readonly forMs: number };

/** How often {@link Watchdog.check} is to be called. spec/dcquic.md §14 */
export const WATCHDOG_INTERVAL_MS = 100;
const STALLED_MS = 1000;
const HUNG_MS = 5000;

interface Watched {
  iterations: number;
  sinceMs: number;
  told: "nothing" | "stalled" | "hung";
}

/**
 * Watches the iteration counters of workers: a loop that turns counts, one that hangs does not.
 *
 * ```
 * turning ──1 s without a turn─▶ stalled ──5 s─▶ hung        stalled, hung ──a turn─▶ turning
 * ```
 *
 * @see spec/dcquic.md §14
 */
export class Watchdog {
  readonly #workers = new Map<number, Watched>();
  #checkedMs = Number.NEGATIVE_INFINITY;

  /** Begins to watch a worker. */
  watch(worker: number, nowMs: number, iterations: number): void {
    this.#workers.set(worker, { iterations, sinceMs: nowMs, told: "nothing" });
  }

  /** Watches a worker no more. */
  forget(worker: number): void {
    this.#workers.delete(worker);
  }

  /** Compares the counters, told by `iterationsOf`, with those of the last time. */
  check(nowMs: number, iterationsOf: (worker: number) => number): readonly WatchdogFinding[] {
    // Whoever was kept from looking cannot tell for how long the others stood still.
    const wasAway = nowMs - this.#checkedMs > STALLED_MS;
    this.#checkedMs = nowMs;
    const findings: WatchdogFinding[] = [];
    for (const [worker, watched] of this.#workers) {
      const iterations = iterationsOf(worker);
      const forMs = nowMs - watched.sinceMs;
      if (iterations !== watched.iterations) {
        if (watched.told !== "nothing") findings.push({ kind: "recovered", worker, forMs });
        this.watch(worker, nowMs, iterations);
      } else if (wasAway) {
        watched.sinceMs = nowMs;
      } else if (forMs >= HUNG_MS && watched.told !== "hung") {
        watched.told = "hung";
        findings.push({ kind: "hung", worker, forMs });
      } else if (forMs >= STALLED_MS && watched.told === "nothing") {
        watched.told = "stalled";
        findings.push({ kind: "stalled", worker, forMs });
      }
    }
    return findings;
  }
}
