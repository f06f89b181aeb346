import { type RandomSource, uniform } from "@proj/wire-types";

/** How long to wait between attempts to connect. */
export interface BackoffOptions {
  /** Milliseconds below which the first wait stays; doubled for every further one. Default 200. */
  readonly baseMs?: number | undefined;
  /** Milliseconds that no wait exceeds. Default 30 000. */
  readonly capMs?: number | undefined;
  /** Attempts in a row, after which the connection is closed. Default: no limit. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds without a connection, after which it is closed. Default: no limit. */
  readonly maxElapsedMs?: number | undefined;
}

/**
 * Counts attempts and draws the wait before the next: uniform between nothing and a bound that
 * doubles, so that many clients of a server that was restarted do not come back at once.
 * spec/capnweb.md §20.2
 */
export class Backoff {
  readonly #baseUs: number;
  readonly #capUs: number;
  readonly #maxAttempts: number;
  readonly #maxElapsedUs: number;
  readonly #random: RandomSource;
  #attempts = 0;
  #sinceUs: number | undefined;

  /** Draws from `random`. */
  constructor(options: BackoffOptions, random: RandomSource) {
    this.#baseUs = (options.baseMs ?? 200) * 1000;
    this.#capUs = (options.capMs ?? 30_000) * 1000;
    this.#maxAttempts = options.maxAttempts ?? Infinity;
    this.#maxElapsedUs = (options.maxElapsedMs ?? Infinity) * 1000;
    this.#random = random;
  }

  /** Attempts that failed since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Notes a failure. Answers when to try again; `undefined` when enough has been tried. */
  failed(nowUs: number): number | undefined {
    this.#sinceUs ??= nowUs;
    this.#attempts++;
    if (this.#attempts >= this.#maxAttempts) return undefined;
    if (nowUs - this.#sinceUs >= this.#maxElapsedUs) return undefined;
    const boundUs = Math.min(this.#capUs, this.#baseUs * 2 ** Math.min(this.#attempts - 1, 52));
    const atUs = nowUs + uniform(this.#random) * boundUs;
    return Math.min(atUs, this.#sinceUs + this.#maxElapsedUs);
  }

  /** Notes a success: what comes next starts anew. */
  succeeded(): void {
    this.#attempts = 0;
    this.#sinceUs = undefined;
  }
}
