import { Fifo } from "../sched/fifo.js";
import { PRIORITIES } from "../sched/priority-queue.js";
import { RegionPool } from "./region-pool.js";

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
  cancelled: boolean;
}

const PRESSURE_STEP = 0.06;

/**
 * Who may allocate, and who waits for room: lower priorities feel the pressure first, and within a priority who came first is
 * served first.
 *
 * @see spec/dcquic.md §8.3, §11
 */
export class AllocationQueue {
  readonly #pool: RegionPool;
  /** Bytes that all of the pool may take together. */
  readonly limitBytes: number;
  readonly #waiters = Array.from({ length: PRIORITIES }, () => new Fifo<Waiter>());

  /** `limitBytes` bounds what all of `pool` takes together. */
  constructor(pool: RegionPool, limitBytes: number) {
    this.#pool = pool;
    this.limitBytes = limitBytes;
  }

  /** Share of the limit that is in use. */
  get pressure(): number {
    return this.#pool.usedBytes / this.limitBytes;
  }

  /** Whether so many bytes may be allocated now, without overtaking anybody. */
  mayAllocate(bytes: number, priority: number): boolean {
    return this.#hasRoom(bytes, priority) && !this.#someoneWaits(priority);
  }

  /**
   * Calls `grant`, which allocates, as soon as there is room.
   *
   * @returns a function that gives up waiting.
   * @throws RangeError for what never fits.
   */
  wait(bytes: number, priority: number, grant: () => void): () => void {
    if (RegionPool.footprint(bytes) > this.#limitAt(priority)) {
      throw new RangeError(`${bytes} bytes never fit into a pool of ${this.limitBytes}`);
    }
    const waiter: Waiter = { bytes, grant, cancelled: false };
    this.#waiters[priority]?.push(waiter);
    this.serve();
    return () => {
      waiter.cancelled = true;
      this.serve();
    };
  }

  /** Serves whoever waits for what is free now. */
  serve(): void {
    for (let priority = 0; priority < PRIORITIES; priority++) {
      const queue = this.#waiters[priority];
      for (let first = queue?.peek(); first !== undefined; first = queue?.peek()) {
        if (!first.cancelled && !this.#hasRoom(first.bytes, priority)) return;
        queue?.shift();
        if (!first.cancelled) first.grant();
      }
    }
  }

  #limitAt(priority: number): number {
    return this.limitBytes * (1 - PRESSURE_STEP * priority);
  }

  #hasRoom(bytes: number, priority: number): boolean {
    return this.#pool.usedBytes + RegionPool.footprint(bytes) <= this.#limitAt(priority);
  }

  #someoneWaits(priority: number): boolean {
    return this.#waiters.some((queue, level) => level <= priority && queue.size > 0);
  }
}
