/** What a settled eventual has, where it is no value. */
class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

type Resolve = (value: never) => void;
type Reject = (error: unknown) => void;

// What settles the promise that is being made: an executor of its own for each would cost as much as the promise.
let latestResolve: Resolve | undefined;
let latestReject: Reject | undefined;
const keep = (resolve: Resolve, reject: Reject): void => {
  latestResolve = resolve;
  latestReject = reject;
};

const PENDING: unique symbol = Symbol("pending");

/**
 * A value that comes later, whose promise is made only for who asks: a failure that nobody waits for is no unhandled
 * rejection, and a call costs no promises that nobody reads.
 */
export class Eventual<T> {
  // Few fields: every call has some of these, and thousands of calls wait at a time.
  #outcome: T | Failure | typeof PENDING = PENDING;
  #promise: Promise<T> | undefined;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Whether it is settled. */
  get isSettled(): boolean {
    return this.#outcome !== PENDING;
  }

  /** The promise; the same one each time. */
  get promise(): Promise<T> {
    this.#promise ??= this.#make();
    return this.#promise;
  }

  /** Settles it, unless it is settled. */
  resolve(value: T): void {
    if (this.isSettled) return;
    this.#outcome = value;
    this.#resolve?.(value);
  }

  /** Fails it, unless it is settled. */
  reject(error: unknown): void {
    if (this.isSettled) return;
    this.#outcome = new Failure(error);
    this.#reject?.(error);
  }

  #make(): Promise<T> {
    const outcome = this.#outcome;
    if (outcome instanceof Failure) return Promise.reject(outcome.error);
    if (outcome !== PENDING) return Promise.resolve(outcome);
    const promise = new Promise<T>(keep);
    this.#resolve = latestResolve as ((value: T) => void) | undefined;
    this.#reject = latestReject;
    return promise;
  }
}
