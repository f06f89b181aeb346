/** Tells the time. Cores take the result as an argument; drivers and clients hold the clock. */
export interface Clock {
  /** Monotonic microseconds since an arbitrary moment. */
  nowUs(): number;
  /** Wall-clock milliseconds since 1970, for timestamps that people or other hosts read. */
  wallMs(): number;
}

/** A scheduled callback. */
export interface Timer {
  /** Forgets the callback; harmless after it ran. */
  cancel(): void;
}

/** Runs callbacks later. */
export interface Timers {
  /** Runs `callback` once, `delayUs` microseconds from now or a little later. */
  schedule(delayUs: number, callback: () => void): Timer;
}

interface Pending {
  readonly atUs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to move, for tests and simulations. */
export class ManualTime implements Clock, Timers {
  #nowUs = 0;
  #order = 0;
  readonly #startWallMs: number;
  readonly #pending = new Set<Pending>();

  /** `startWallMs` is the wall-clock time at moment 0. */
  constructor(startWallMs = 0) {
    this.#startWallMs = startWallMs;
  }

  /** Microseconds that were advanced so far. */
  nowUs(): number {
    return this.#nowUs;
  }

  /** The start time plus what was advanced. */
  wallMs(): number {
    return this.#startWallMs + this.#nowUs / 1000;
  }

  /** Schedules `callback` for the moment the clock is advanced past. */
  schedule(delayUs: number, callback: () => void): Timer {
    const pending = { atUs: this.#nowUs + Math.max(0, delayUs), order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** How many callbacks wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Moves time forward, running what falls due in order of time, then of scheduling. A callback may schedule more
   * and may itself advance.
   */
  advance(us: number): void {
    if (!(us >= 0)) throw new RangeError(`time advances, not by ${us}`);
    const endUs = this.#nowUs + us;
    for (let next = this.#next(endUs); next !== undefined; next = this.#next(endUs)) {
      this.#pending.delete(next);
      this.#nowUs = Math.max(this.#nowUs, next.atUs);
      next.callback();
    }
    this.#nowUs = Math.max(this.#nowUs, endUs);
  }

  #next(endUs: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.atUs > endUs) continue;
      if (first === undefined || pending.atUs < first.atUs) first = pending;
      else if (pending.atUs === first.atUs && pending.order < first.order) first = pending;
    }
    return first;
  }
}
