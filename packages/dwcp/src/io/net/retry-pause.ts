const BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * How long to wait before a peer is tried again: a tenth of a second, and twice as long after each further failure, up to five
 * seconds unless whoever pauses says otherwise, all give or take a half.
 *
 * @see spec/dwcp.md B7
 */
export class RetryPause {
  #failures = 0;
  #sinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Attempts that failed since the last one that did not. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether nothing is to be tried for now. */
  get isPausing(): boolean {
    return this.#timer !== undefined;
  }

  /** An attempt failed; returns for how many ms none has succeeded. */
  failed(): number {
    this.#failures += 1;
    this.#sinceMs ??= performance.now();
    return performance.now() - this.#sinceMs;
  }

  /** A peer had no place for another connection: it is asked later and later, and is not away for that. */
  refused(): void {
    this.#failures += 1;
  }

  /** An attempt succeeded. */
  succeeded(): void {
    this.#failures = 0;
    this.#sinceMs = undefined;
  }

  /** Waits as long as is right after so many failures, and `longestMs` at most; `then` goes on. */
  pause(then: () => void, longestMs: number = LONGEST_BACKOFF_MS): void {
    this.stop();
    const backoffMs = Math.min(longestMs, BACKOFF_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        then();
      },
      backoffMs * (0.5 + Math.random()),
    );
  }

  /** Goes on waiting for nothing. Harmless the second time. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
