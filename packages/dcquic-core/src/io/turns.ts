import { systemTime } from "@proj/wire-types/system";

const SPIN_US = 1000;
const MAX_SPIN_US = 2000;
const US_PER_MS = 1000;

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
  #timerUs = Number.POSITIVE_INFINITY;
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
    this.#wakeAt(nowUs, deadlineUs);
  }

  // Deadlines move with every packet: a timer that wakes too early is cheaper than one that is set anew each time.
  #wakeAt(nowUs: number, deadlineUs: number): void {
    if (this.#timerUs <= deadlineUs) return;
    clearTimeout(this.#timer);
    const waitMs = Math.max(1, Math.ceil((deadlineUs - nowUs) / US_PER_MS));
    this.#timerUs = nowUs + waitMs * US_PER_MS;
    this.#timer = setTimeout(() => {
      this.#timerUs = Number.POSITIVE_INFINITY;
      this.now();
    }, waitMs);
  }

  /** Runs no more. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#turn);
    clearTimeout(this.#timer);
  }
}
