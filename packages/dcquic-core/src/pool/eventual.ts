/**
 * A value that comes later, whose promise is made only for who asks: a failure that nobody waits for is no unhandled
 * rejection, and a call costs no promises that nobody reads.
 */
export class Eventual<T> {
  // Flat fields: most calls have several of these, and nobody asks for most of them.
  #state: "pending" | "value" | "error" = "pending";
  #value: T | undefined;
  #error: unknown;
  #promise: Promise<T> | undefined;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Whether it is settled. */
  get isSettled(): boolean {
    return this.#state !== "pending";
  }

  /** The promise; the same one each time. */
  get promise(): Promise<T> {
    if (this.#promise !== undefined) return this.#promise;
    if (this.#state === "value") this.#promise = Promise.resolve(this.#value as T);
    else if (this.#state === "error") this.#promise = Promise.reject(this.#error);
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
    this.#state = "value";
    this.#value = value;
    this.#resolve?.(value);
  }

  /** Fails it, unless it is settled. */
  reject(error: unknown): void {
    if (this.isSettled) return;
    this.#state = "error";
    this.#error = error;
    this.#reject?.(error);
  }
}
