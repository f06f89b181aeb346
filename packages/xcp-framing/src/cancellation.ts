/** The part of `AbortSignal` that handlers use, made without an `AbortController`, which not every core has. */
export class Cancellation implements AbortSignal {
  #aborted = false;
  #reason: unknown;
  readonly #listeners = new Set<() => void>();

  /** Whether it fired. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Why it fired. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Fires once; later calls do nothing. A listener that throws does not keep others from hearing. */
  cancel(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) {
      try {
        listener();
      } catch {
        // The listener's owner has its own channel for errors; cancelling goes on.
      }
    }
  }

  /** Calls `listener` when it fires; not when it has fired already, as with every `AbortSignal`. */
  addEventListener(_type: "abort", listener: () => void): void {
    if (!this.#aborted) this.#listeners.add(listener);
  }

  /** Undoes {@link Cancellation.addEventListener}. */
  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
