import type { Clock } from "@proj/wire-types";
import { DcquicError } from "@proj/dcquic-core";

/** What a {@link Patience} is made with. */
export interface PatienceOptions {
  /** How long nothing may happen. */
  readonly timeoutMs: number;
  /** What grows while something happens. */
  readonly progress: () => number;
  /** Tells the time. */
  readonly clock: Clock;
}

const LOOKS = 8;
const MAX_LOOK_MS = 250;

/** Waits for a peer for as long as something happens: work that takes an hour is not late, and work that stands still is. */
export class Patience {
  readonly #stop = new AbortController();
  readonly #options: PatienceOptions;
  readonly #looking: NodeJS.Timeout;
  #seen: number;
  #sinceUs: number;
  #allowedMs: number;

  /** Waits from now on. */
  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#allowedMs = options.timeoutMs;
    this.#seen = options.progress();
    this.#sinceUs = options.clock.nowUs();
    const lookMs = Math.min(MAX_LOOK_MS, Math.ceil(options.timeoutMs / LOOKS));
    this.#looking = setInterval(() => this.#look(), lookMs);
  }

  /** Is aborted when it was too long. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Waits so much longer from now on, for what takes its time where nothing can be seen of it. */
  extend(ms: number): void {
    this.#allowedMs = this.#options.timeoutMs + ms;
  }

  /** What is to be told of work that failed: that it was ended because nothing happened, if it was. */
  reasonOf(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }

  /** Waits no more. */
  end(): void {
    clearInterval(this.#looking);
  }

  #look(): void {
    const { progress, clock } = this.#options;
    const seen = progress();
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#sinceUs = clock.nowUs();
    } else if (clock.nowUs() - this.#sinceUs > 1000 * this.#allowedMs) {
      const ms = Math.round(this.#allowedMs);
      this.#stop.abort(new DcquicError("dcquic.deadline", `nothing came of the peer for ${ms} ms`));
    }
  }
}
