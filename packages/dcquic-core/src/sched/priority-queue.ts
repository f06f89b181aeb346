/** How many priorities there are, 0 the most urgent. spec/dcquic.md §4.1 */
export const PRIORITIES = 8;

const FIRST_CAPACITY = 16;
// Most levels of most peers are never used.
const NO_RING = new Int32Array(0);
// Never written to: who needs some has its own. Most peers are idle.
const NO_RINGS = Array<Int32Array>(PRIORITIES).fill(NO_RING);
const ZEROS = zeros();

/**
 * Eight first-in-first-out levels of small integers, with a bitmap of those that hold something.
 *
 * @see spec/dcquic.md §3 row 5
 */
export class PriorityQueue {
  readonly #limit: number;
  #rings = NO_RINGS;
  // Plain arrays: a typed one of eight is twice as large, and each peer has several.
  #heads = ZEROS;
  #depths = ZEROS;
  #occupied = 0;

  /** `limit` is the depth of one level beyond which {@link PriorityQueue.push} says no. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Bit p is set while level p holds something. */
  get occupied(): number {
    return this.#occupied;
  }

  /** How many items a level holds. */
  depth(priority: number): number {
    return this.#depths[priority] ?? 0;
  }

  /** Appends an item, or returns `false` when its level is full: the caller waits. */
  push(priority: number, item: number): boolean {
    const depth = this.depth(priority);
    if (depth >= this.#limit) return false;
    if (this.#depths === ZEROS) this.#begin();
    const ring = this.#ring(priority, depth);
    ring[((this.#heads[priority] ?? 0) + depth) & (ring.length - 1)] = item;
    this.#depths[priority] = depth + 1;
    this.#occupied |= 1 << priority;
    return true;
  }

  /** The first item of a level, or -1. */
  peek(priority: number): number {
    const ring = this.#rings[priority];
    if (ring === undefined || this.depth(priority) === 0) return -1;
    return ring[this.#heads[priority] ?? 0] ?? -1;
  }

  /** Takes the first item of a level, or -1. */
  shift(priority: number): number {
    const item = this.peek(priority);
    const depth = this.depth(priority);
    const ring = this.#rings[priority];
    if (depth === 0 || ring === undefined) return -1;
    this.#heads[priority] = ((this.#heads[priority] ?? 0) + 1) & (ring.length - 1);
    this.#depths[priority] = depth - 1;
    if (depth === 1) this.#occupied &= ~(1 << priority);
    return item;
  }

  #begin(): void {
    this.#rings = Array<Int32Array>(PRIORITIES).fill(NO_RING);
    this.#heads = zeros();
    this.#depths = zeros();
  }

  #ring(priority: number, depth: number): Int32Array {
    const ring = this.#rings[priority] ?? NO_RING;
    if (depth < ring.length) return ring;
    const larger = new Int32Array(Math.max(FIRST_CAPACITY, 2 * ring.length));
    const head = this.#heads[priority] ?? 0;
    larger.set(ring.subarray(head));
    larger.set(ring.subarray(0, head), ring.length - head);
    this.#heads[priority] = 0;
    this.#rings[priority] = larger;
    return larger;
  }
}

/** How a {@link PriorityScheduler} treats waiting lower levels. */
export interface PrioritySchedulerOptions {
  /** Share of the bytes that is owed to lower levels while they wait; 0 is strict order. */
  readonly starvationReserve: number;
  /** The largest reserve grant, and so the longest delay of urgent work. */
  readonly batchBytes: number;
}

/**
 * Chooses between levels: the most urgent one, except that a reserve is owed to those who wait below it, shared among them
 * by deficit round robin with weights 2^(7−p).
 *
 * @see spec/dcquic.md §4.1, D-1
 */
export class PriorityScheduler {
  readonly #options: PrioritySchedulerOptions;
  #deficits = ZEROS;
  #owed = 0;
  #cursor = 0;

  /** Nothing is owed at first. */
  constructor(options: PrioritySchedulerOptions) {
    this.#options = options;
  }

  /** The level that is served next, of those in the bitmap; -1 of none. */
  select(occupied: number): number {
    if (occupied === 0) return -1;
    const urgent = lowestBit(occupied);
    const lower = occupied & ~(1 << urgent);
    if (lower === 0 || this.#owed < this.#options.batchBytes) return urgent;
    return this.#turnOf(lower);
  }

  /** Accounts `bytes` served to `level`; `occupied` says who waits besides. */
  charge(level: number, bytes: number, occupied: number): void {
    const urgent = occupied === 0 ? level : Math.min(level, lowestBit(occupied));
    if (level > urgent) {
      this.#owed = Math.max(0, this.#owed - bytes);
      const deficits = this.#ownDeficits();
      deficits[level] = (deficits[level] ?? 0) - bytes;
      return;
    }
    const waiting = occupied & ~((2 << level) - 1);
    if (waiting === 0) {
      // Nearly every packet comes here: nobody waits, and nothing is owed.
      if (this.#owed === 0) return;
      this.#owed = 0;
      if (this.#deficits !== ZEROS) this.#deficits.fill(0);
    } else this.#owed += bytes * this.#options.starvationReserve;
  }

  #ownDeficits(): number[] {
    if (this.#deficits === ZEROS) this.#deficits = zeros();
    return this.#deficits;
  }

  #turnOf(lower: number): number {
    const deficits = this.#ownDeficits();
    for (;;) {
      for (let step = 0; step < PRIORITIES; step++) {
        const level = (this.#cursor + step) % PRIORITIES;
        if ((lower & (1 << level)) === 0 || (deficits[level] ?? 0) <= 0) continue;
        this.#cursor = level;
        return level;
      }
      for (let level = 0; level < PRIORITIES; level++) {
        if ((lower & (1 << level)) === 0) deficits[level] = 0;
        else {
          const weight = 2 ** (PRIORITIES - 1 - level) / 2 ** (PRIORITIES - 1);
          deficits[level] = (deficits[level] ?? 0) + weight * this.#options.batchBytes;
        }
      }
      this.#cursor = (this.#cursor + 1) % PRIORITIES;
    }
  }
}

function zeros(): number[] {
  return Array<number>(PRIORITIES).fill(0);
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
