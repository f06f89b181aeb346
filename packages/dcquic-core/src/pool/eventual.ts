/** What a settled eventual has, where it is no value. */
class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

type Resolve = (value: never) => void;
type Settle<T> = (value: T | Promise<T>) => void;

// What settles the promise that is being made: an executor of its own for each would cost as much as the promise. What rejects
// it is not kept, since thousands wait at a time and few fail: such a one is resolved with a promise that was rejected.
let latestResolve: Resolve | undefined;
const keep = (resolve: Resolve): void => {
  latestResolve = resolve;
};

const PENDING: unique symbol = Symbol("pending");

/**
 * A value that comes later, whose promise is made only for who asks: a failure that nobody waits for is no unhandled
 * rejection, and a call costs no promises that nobody reads.
 */
export class Eventual<T> {
  // Few fields: every call has some of these, and thousands of calls wait at a time. What its promise was told is not kept here, too:
  // who waited is old by now, and what old objects refer to outlives its use.
  #outcome: T | Failure | typeof PENDING = PENDING;
  #promise: Promise<T> | undefined;
  // While the promise waits.
  #resolve: Settle<T> | undefined;

  /** Whether it is settled. */
  get isSettled(): boolean {
    return this.#promise === undefined ? this.#outcome !== PENDING : this.#resolve === undefined;
  }

  /** The promise; the same one each time. */
  get promise(): Promise<T> {
    this.#promise ??= this.#make();
    return this.#promise;
  }

  /** Settles it, unless it is settled. */
  resolve(value: T): void {
    if (this.isSettled) return;
    if (this.#resolve === undefined) this.#outcome = value;
    else this.#tell(this.#resolve, value);
  }

  /** Fails it, unless it is settled. */
  reject(error: unknown): void {
    if (this.isSettled) return;
    if (this.#resolve === undefined) this.#outcome = new Failure(error);
    else this.#tell(this.#resolve, rejected(error));
  }

  #tell(resolve: Settle<T>, value: T | Promise<T>): void {
    this.#resolve = undefined;
    resolve(value);
  }

  #make(): Promise<T> {
    const outcome = this.#outcome;
    if (outcome instanceof Failure) return Promise.reject(outcome.error);
    if (outcome !== PENDING) return Promise.resolve(outcome);
    const promise = new Promise<T>(keep);
    this.#resolve = latestResolve as Settle<T> | undefined;
    return promise;
  }
}

function rejected(reason: unknown): Promise<never> {
  return Promise.reject(reason);
}
