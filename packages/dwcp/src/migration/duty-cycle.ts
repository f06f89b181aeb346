import type { Timer, Timers } from "@proj/wire-types";

/** What lets something run and stand still. */
export interface RunSwitch {
  /** Returns when it stands still. */
  stop(): void | Promise<void>;
  /** Lets it run. */
  go(): void | Promise<void>;
}

const PERIOD_US = 100_000;
/** Shorter turns would be timers' errors for the most part. */
const LEAST_RUN_US = 2_000;

/**
 * Slows down what can only run or stand still: it does both in turns.
 *
 * ```
 * running ─share of a period─▶ standing ─the rest of it─▶ running …
 * pause: standing, until resume                             throttle(1): running, without turns
 * ```
 *
 * A turn that fails ends the turns; the next {@link DutyCycle.pause} or {@link DutyCycle.resume} says why.
 *
 * @see spec/dwcp.md B15
 */
export class DutyCycle {
  readonly #switch: RunSwitch;
  readonly #timers: Timers;
  #share = 1;
  #isPaused = false;
  #timer: Timer | undefined;
  // Switches happen one after the other, whoever asks for them.
  #last: Promise<void> = Promise.resolve();

  constructor(runSwitch: RunSwitch, timers: Timers) {
    this.#switch = runSwitch;
    this.#timers = timers;
  }

  /** Stops it, until it is resumed. */
  pause(): Promise<void> {
    this.#isPaused = true;
    this.#timer?.cancel();
    return this.#then(() => this.#switch.stop());
  }

  /** Lets it run again, at the share of its speed that it had. */
  async resume(): Promise<void> {
    this.#isPaused = false;
    await this.#run();
  }

  /** Leaves it this share of its speed, above 0 and up to 1. @throws RangeError for another share */
  async throttle(share: number): Promise<void> {
    if (!(share > 0 && share <= 1)) throw new RangeError(`${share} is no share of a speed`);
    this.#share = share;
    if (!this.#isPaused) await this.#run();
  }

  /** Ends the turns and leaves it as it is. */
  close(): void {
    this.#share = 1;
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    this.#timer?.cancel();
    await this.#then(() => this.#switch.go());
    this.#arm("stop");
  }

  #arm(next: keyof RunSwitch): void {
    this.#timer?.cancel();
    if (this.#isPaused || this.#share === 1) return;
    const periodUs = Math.max(PERIOD_US, LEAST_RUN_US / this.#share);
    const part = next === "stop" ? this.#share : 1 - this.#share;
    this.#timer = this.#timers.schedule(part * periodUs, () => void this.#turn(next));
  }

  async #turn(next: keyof RunSwitch): Promise<void> {
    try {
      await this.#then(() => (this.#isPaused ? undefined : this.#switch[next]()));
    } catch {
      // Whoever pauses or resumes it next meets the same, and has somebody to tell it to.
      return;
    }
    this.#arm(next === "stop" ? "go" : "stop");
  }

  #then(action: () => void | Promise<void>): Promise<void> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
