type State<T> =
  | { readonly kind: "pending" }
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown };

/**
 * A value that comes later, whose promise is made only for who asks: a failure that nobody waits for is no unhandled
 * rejection, and a call costs no promises that nobody reads.
 */
export class Eventual<T> {
  #state: State<T> = { kind: "pending" };
  #promise: Promise<T> | undefined;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Whether it is settled. */
  get isSettled(): boolean {
    return this.#state.kind !== "pending";
  }

  /** The promise; the same one each time. */
  get promise(): Promise<T> {
    if (this.#promise !== undefined) return this.#promise;
    const state = this.#state;
    if (state.kind === "value") this.#promise = Promise.resolve(state.value);
    else if (state.kind === "error") this.#promise = Promise.reject(state.error);
    else {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    }
    return this.#promise;
  }

  /** Settles it, unless it is settled. */
  resolve(value: T): void {
    if (this.isSettled) return;
    this.#state = { kind: "value", value };
    this.#resolve?.(value);
  }

  /** Fails it, unless it is settled. */
  reject(error: unknown): void {
    if (this.isSettled) return;
    this.#state = { kind: "error", error };
    this.#reject?.(error);
  }
}
