/** Hands what a listener accepts to whoever waits for it, in order. */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #waiting: ((arrival: T) => void)[] = [];
  #taken = 0;

  /** Takes one arrival; pass this as a listener's callback. */
  readonly add = (arrival: T): void => {
    this.all.push(arrival);
    const waiter = this.#waiting.shift();
    if (waiter === undefined) return;
    this.#taken += 1;
    waiter(arrival);
  };

  /** Resolves with the next arrival that nobody took. */
  next(): Promise<T> {
    const ready = this.all[this.#taken];
    if (ready !== undefined) {
      this.#taken += 1;
      return Promise.resolve(ready);
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
