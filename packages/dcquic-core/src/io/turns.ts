import { systemTime } from "@proj/wire-types/system";

const SPIN_US = 1000;
const MAX_SPIN_US = 2000;

/**
 * Turns of the event loop in which an engine runs: at once when asked, or when something falls due. Node's timers are a
 * millisecond coarse, so what is due sooner is waited for by turning, for at most two milliseconds.
 *
 * @see spec/dcquic.md §22
 */
export class Turns {
  readonly #run: () => void;
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #spinsSinceUs: number | undefined;
  #stopped = false;

  /** Calls `run` in each turn. */
  constructor(run: () => void) {
    this.#run = run;
  }

  /** Runs in the next turn of the event loop. */
  now(): void {
    if (this.#stopped) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      clearTimeout(this.#timer);
      this.#run();
    });
  }

  /** Runs when a deadline has come; Infinity waits for {@link Turns.now}. */
  at(deadlineUs: number): void {
    if (this.#stopped || deadlineUs === Number.POSITIVE_INFINITY) return;
    const nowUs = systemTime.nowUs();
    const waitUs = deadlineUs - nowUs;
    if (waitUs > SPIN_US) this.#spinsSinceUs = undefined;
    else {
      this.#spinsSinceUs ??= nowUs;
      if (waitUs <= 0 || nowUs - this.#spinsSinceUs < MAX_SPIN_US) {
        this.now();
        return;
      }
      this.#spinsSinceUs = undefined;
    }
    this.#timer = setTimeout(() => this.now(), Math.max(1, Math.ceil(waitUs / 1000)));
  }

  /** Runs no more. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#turn);
    clearTimeout(this.#timer);
  }
}
