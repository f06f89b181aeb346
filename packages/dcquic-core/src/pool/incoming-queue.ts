import { Fifo } from "../sched/fifo.js";
import { Eventual } from "./eventual.js";
import type { Incoming } from "./incoming.js";

const MAX_QUEUED = 1024;

/** Calls that an acceptor left for later, in the order in which they came. Those whose callers gave up are passed over. */
export class IncomingQueue implements AsyncIterableIterator<Incoming> {
  readonly #calls = new Fifo<Incoming>();
  readonly #waiting: Eventual<IteratorResult<Incoming>>[] = [];
  #isClosed = false;

  /** How many wait. */
  get size(): number {
    return this.#calls.size;
  }

  /** Takes a call; `false` when the queue is full or closed. */
  push(incoming: Incoming): boolean {
    if (this.#isClosed || this.#calls.size >= MAX_QUEUED) return false;
    const reader = this.#waiting.shift();
    if (reader === undefined) this.#calls.push(incoming);
    else reader.resolve({ done: false, value: incoming });
    return true;
  }

  /** Ends every loop over the queue; returns what waits. */
  close(): readonly Incoming[] {
    this.#isClosed = true;
    for (const reader of this.#waiting.splice(0)) reader.resolve({ done: true, value: undefined });
    const left: Incoming[] = [];
    for (let next = this.#calls.shift(); next !== undefined; next = this.#calls.shift()) {
      left.push(next);
    }
    return left;
  }

  /** The next call. */
  next(): Promise<IteratorResult<Incoming>> {
    for (let next = this.#calls.shift(); next !== undefined; next = this.#calls.shift()) {
      if (!next.isOver) return Promise.resolve({ done: false, value: next });
    }
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    const waiting = new Eventual<IteratorResult<Incoming>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** This queue. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
