/** What a session achieved since the last look. */
export interface ClimbWindow {
  readonly nowUs: number;
  /** Raw network bytes per second that arrived in the window. */
  readonly goodput: number;
  /** Smoothed round trip, in µs. */
  readonly rttUs: number;
  /** What the session could have beside the others of its process and of its peer's; no bound where it is left out. */
  readonly most?: number;
  /** Whether the application or the peer's credit, not the network, set the pace. */
  readonly limitedElsewhere: boolean;
}

const LEAST_WINDOW_US = 2_000_000;
const WINDOW_RTTS = 8;
const WINDOWS = 3;
const GAIN_WORTH_IT = 1.05;
const LOSS_WORTH_IT = 0.98;
const LONGEST_WAIT_US = 60_000_000;
const SHRINK_EVERY_US = 30_000_000;
const SHRINK = 0.75;

type Trial = {
  readonly kind: "grow" | "shrink";
  readonly before: number;
  readonly goodput: number;
};

/**
 * Finds how many streams serve best by trying: more, kept when they gain over 5 %; fewer, kept when they lose under 2 %.
 *
 * ```
 * settled ─window full, wait over─▶ grow or shrink on trial ─three windows─▶ keep or go back ─▶ settled
 * ```
 *
 * @see spec/dwcp.md B13
 */
export class StreamClimber {
  readonly #min: number;
  readonly #max: number;
  readonly #factor: number;
  #count: number;
  #trial: Trial | undefined;
  readonly #windows: number[] = [];
  #waitUs = LEAST_WINDOW_US;
  #restUntilUs = Number.NEGATIVE_INFINITY;
  #shrinkAtUs = Number.NaN;

  /** Starts with `start` streams; `factor` is how much more are tried at once, above 1. */
  constructor(start: number, bounds: { minStreams: number; maxStreams: number }, factor: number) {
    this.#min = bounds.minStreams;
    this.#max = bounds.maxStreams;
    this.#factor = factor;
    this.#count = Math.min(this.#max, Math.max(this.#min, start));
  }

  /** How many streams there should be. */
  get count(): number {
    return this.#count;
  }

  /** How long a window has to be at that round trip, in µs. */
  static windowUs(rttUs: number): number {
    return Math.max(LEAST_WINDOW_US, WINDOW_RTTS * rttUs);
  }

  /** Learns from one window and returns how many streams there should be from now on. */
  observe(window: ClimbWindow): number {
    if (Number.isNaN(this.#shrinkAtUs)) this.#shrinkAtUs = window.nowUs + SHRINK_EVERY_US;
    if (window.limitedElsewhere) {
      this.#windows.length = 0;
      return this.#count;
    }
    this.#windows.push(window.goodput);
    if (this.#windows.length < WINDOWS) return this.#count;
    const goodput = median(this.#windows);
    this.#windows.length = 0;
    if (this.#trial !== undefined) this.#judge(this.#trial, goodput, window.nowUs);
    else this.#begin(goodput, window.nowUs, window.most ?? Number.POSITIVE_INFINITY);
    return this.#count;
  }

  #judge(trial: Trial, goodput: number, nowUs: number): void {
    this.#trial = undefined;
    const worth = trial.kind === "grow" ? GAIN_WORTH_IT : LOSS_WORTH_IT;
    if (goodput > trial.goodput * worth) {
      if (trial.kind === "grow") this.#waitUs = LEAST_WINDOW_US;
      return;
    }
    this.#count = trial.before;
    if (trial.kind === "shrink") return;
    this.#restUntilUs = nowUs + this.#waitUs;
    this.#waitUs = Math.min(LONGEST_WAIT_US, 2 * this.#waitUs);
  }

  #begin(goodput: number, nowUs: number, most: number): void {
    // What it cannot have now stays wanted: others may leave. It says nothing about more or fewer meanwhile.
    if (most < this.#count) return;
    const before = this.#count;
    if (nowUs >= this.#shrinkAtUs) {
      this.#shrinkAtUs = nowUs + SHRINK_EVERY_US;
      this.#count = Math.max(this.#min, Math.floor(before * SHRINK));
      if (this.#count < before) this.#trial = { kind: "shrink", before, goodput };
      return;
    }
    if (nowUs < this.#restUntilUs) return;
    const more = Math.max(before + 1, Math.floor(before * this.#factor));
    this.#count = Math.max(before, Math.min(this.#max, most, more));
    if (this.#count > before) this.#trial = { kind: "grow", before, goodput };
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
