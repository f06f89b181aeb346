/** What a consumer wants to be told of frames that are being written. `undefined` is no hint. spec/tensor-pool.md §10 */
export interface ProgressHint {
  /** The least time between two messages, in microseconds; 0 for as often as is allowed. */
  readonly intervalUs?: number | undefined;
  /** The least growth between two messages, in bytes; 0 for as little as is allowed. */
  readonly bytesDelta?: number | undefined;
  /** The least growth in rows or columns; 0 is no hint. */
  readonly majorUnits?: number | undefined;
}

/** What goes out at most. */
export interface ProgressLimits {
  /** The least time between two messages, in microseconds. */
  readonly intervalUs: number;
  /** The least growth between two messages, in bytes. */
  readonly bytesDelta: number;
  /** The least growth in rows or columns; 0 for never by these. */
  readonly majorUnits: number;
}

/** What holds where nobody says anything, and what no consumer can undercut. spec/tensor-pool.md §10 */
export const DEFAULT_PROGRESS_LIMITS: ProgressLimits = {
  intervalUs: 250,
  bytesDelta: 65_536,
  majorUnits: 0,
};

/** How a producer sets bounds. */
export interface ProgressPolicyOptions {
  /** What holds without hints; by default {@link DEFAULT_PROGRESS_LIMITS}. */
  readonly defaults?: ProgressLimits;
  /** What no hint undercuts; by default the defaults. */
  readonly floors?: ProgressLimits;
}

/** Makes one rule of what all live consumers want: the smallest hint, but not below the producer's floor. */
export class ProgressPolicy {
  readonly #defaults: ProgressLimits;
  readonly #floors: ProgressLimits;
  readonly #hints = new Map<number, ProgressHint>();
  #limits: ProgressLimits;

  /** Starts without consumers. */
  constructor(options: ProgressPolicyOptions = {}) {
    this.#defaults = options.defaults ?? DEFAULT_PROGRESS_LIMITS;
    this.#floors = options.floors ?? this.#defaults;
    this.#limits = this.#defaults;
  }

  /** The rule that holds now. */
  get limits(): ProgressLimits {
    return this.#limits;
  }

  /** Whether anybody wants to be told at all. */
  get isWanted(): boolean {
    return this.#hints.size > 0;
  }

  /** Notes what a consumer that supports progress wants, for the first time or anew. */
  set(consumerId: number, hint: ProgressHint): void {
    this.#hints.set(consumerId, hint);
    this.#aggregate();
  }

  /** Forgets a consumer that went, or no longer supports progress. */
  delete(consumerId: number): void {
    if (this.#hints.delete(consumerId)) this.#aggregate();
  }

  #aggregate(): void {
    const hints = [...this.#hints.values()];
    const smallest = (
      pick: (hint: ProgressHint) => number | undefined,
      floor: number,
      otherwise: number,
    ): number => {
      const given = hints.map(pick).filter((value) => value !== undefined);
      return given.length === 0 ? otherwise : Math.max(floor, Math.min(...given));
    };
    const units = ({ majorUnits }: ProgressHint): number | undefined =>
      majorUnits === 0 ? undefined : majorUnits;
    this.#limits = {
      intervalUs: smallest(
        ({ intervalUs }) => intervalUs,
        this.#floors.intervalUs,
        this.#defaults.intervalUs,
      ),
      bytesDelta: smallest(
        ({ bytesDelta }) => bytesDelta,
        this.#floors.bytesDelta,
        this.#defaults.bytesDelta,
      ),
      majorUnits: smallest(units, this.#floors.majorUnits, this.#defaults.majorUnits),
    };
  }
}
