/** What one level of compression was measured to do with one class of data. */
export interface LevelMeasure {
  /** Raw bytes per second that one worker encodes. */
  readonly bytesPerSecond: number;
  /** Raw bytes per encoded byte. */
  readonly ratio: number;
}

/** What the choice of a level depends on. spec/dwcp.md B11 */
export interface LevelConditions {
  /** Threads that encode. */
  readonly workers: number;
  /** The share of those cores that nobody else uses: 0 to 1. */
  readonly idleShare: number;
  /** Share of the machine that is busy: 0 to 1. */
  readonly cpuUse: number;
  /** Measured goodput of the link, in encoded bytes per second; `undefined` while it is not known. */
  readonly goodput: number | undefined;
  /** p95 of how late this thread's timers come, in ms. */
  readonly loopDelayMs: number;
}

/** The highest level of the configuration. spec/dwcp.md B16 */
export const MAX_LEVEL = 9;

// What a level is taken to cost and gain against level 3 until it was tried.
const RELATIVE_SPEED = [8, 1.6, 1.3, 1, 0.8, 0.5, 0.4, 0.33, 0.27, 0.22] as const;
const RELATIVE_RATIO = [0, 0.94, 0.98, 1, 1.01, 1.04, 1.055, 1.065, 1.07, 1.075] as const;
const STEP_US = 1_000_000;
const HYSTERESIS = 1.05;
const MAX_LOOP_DELAY_MS = 50;
const WEIGHT = 0.2;

/**
 * Chooses a level by what it would move: the smaller of what the workers encode and what the link carries, in raw bytes.
 *
 * One step a second, and only for a gain of 5 %; above the CPU ceiling it goes down at once.
 *
 * @see spec/dwcp.md B11
 */
export class LevelController {
  readonly #cpuCeiling: number;
  readonly #measures = new Map<number, LevelMeasure>();
  #level: number;
  #steppedUs = Number.NEGATIVE_INFINITY;

  /** `cpuCeiling` is a share of the machine, 0 to 1. */
  constructor(level: number, cpuCeiling: number) {
    this.#level = level;
    this.#cpuCeiling = cpuCeiling;
  }

  /** The level in force, 0 to 9. */
  get level(): number {
    return this.#level;
  }

  /** Notes what a unit took and gave. */
  measured(level: number, rawBytes: number, encodedBytes: number, seconds: number): void {
    if (rawBytes === 0 || seconds <= 0) return;
    const fresh = {
      bytesPerSecond: rawBytes / seconds,
      ratio: rawBytes / Math.max(1, encodedBytes),
    };
    const known = this.#measures.get(level) ?? fresh;
    this.#measures.set(level, {
      bytesPerSecond: known.bytesPerSecond + WEIGHT * (fresh.bytesPerSecond - known.bytesPerSecond),
      ratio: known.ratio + WEIGHT * (fresh.ratio - known.ratio),
    });
  }

  /** Moves by at most one level, and gives the one in force. */
  adjust(nowUs: number, conditions: LevelConditions): number {
    const isPressed =
      conditions.cpuUse > this.#cpuCeiling || conditions.loopDelayMs > MAX_LOOP_DELAY_MS;
    if (isPressed) return this.#stepTo(Math.max(0, this.#level - 1), nowUs);
    const { goodput } = conditions;
    if (goodput === undefined || nowUs - this.#steppedUs < STEP_US) return this.#level;
    const here = this.#expected(this.#level, conditions, goodput);
    for (const next of [this.#level + 1, this.#level - 1]) {
      if (next < 0 || next > MAX_LEVEL) continue;
      if (this.#expected(next, conditions, goodput) > here * HYSTERESIS) {
        return this.#stepTo(next, nowUs);
      }
    }
    return this.#level;
  }

  #stepTo(level: number, nowUs: number): number {
    this.#level = level;
    this.#steppedUs = nowUs;
    return level;
  }

  // Raw bytes per second that a level would move.
  #expected(level: number, { workers, idleShare }: LevelConditions, goodput: number): number {
    const { bytesPerSecond, ratio } = this.#measureOf(level);
    return Math.min(bytesPerSecond * workers * idleShare, goodput * ratio);
  }

  #measureOf(level: number): LevelMeasure {
    const known = this.#measures.get(level);
    if (known !== undefined) return known;
    const nearest = [...this.#measures].toSorted(
      ([a], [b]) => Math.abs(a - level) - Math.abs(b - level),
    )[0];
    const [from, measure] = nearest ?? [3, { bytesPerSecond: 250e6, ratio: 3 }];
    const speed = (RELATIVE_SPEED[level] ?? 1) / (RELATIVE_SPEED[from] ?? 1);
    const gain = (RELATIVE_RATIO[level] ?? 1) / (RELATIVE_RATIO[from] || 1);
    return {
      bytesPerSecond: measure.bytesPerSecond * speed,
      ratio: level === 0 ? 1 : Math.max(1, measure.ratio * gain),
    };
  }
}
