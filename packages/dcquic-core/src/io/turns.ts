import { nextTick } from "node:process";
import { systemTime } from "@proj/wire-types/system";
import { WIDE_ZERO } from "../wire/wide-zero.js";

const SPIN_US = 1000;
const MAX_SPIN_US = 2000;
const US_PER_MS = 1000;
const SETTLED = Promise.resolve();

/** What a driver does in its turns. */
export interface TurnWork {
  /** Takes what arrived or fell due. */
  run(): void;
  /** Sends what waits, and nothing else: it may be called over and over without the event loop turning. */
  send(): void;
}

/**
 * Turns of the event loop in which an engine runs: at once when asked, or when something falls due. Node's timers are a
 * millisecond coarse, so what is due sooner is waited for by turning, for at most two milliseconds.
 *
 * What the application says is sent in the turn in which it says it, after all promises that are settled by then: an
 * acceptor's answer leaves together with the acknowledgement of what it answers. Whatever else is said in that turn waits for
 * the next, so that it leaves together, too.
 *
 * @see spec/dcquic.md §22
 */
export class Turns {
  readonly #work: TurnWork;
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerUs = Number.POSITIVE_INFINITY;
  #sending: "idle" | "soon" | "done" = "idle";
  // The time of what is said until that is sent; 0 before it is read.
  #saidUs: number = WIDE_ZERO;
  #spinsSinceUs: number | undefined;
  #isEndless = false;
  #stopped = false;
  // Made once: they are handed to Node in every turn.
  readonly #turning = (): void => this.#begin();
  readonly #afterPromises = (): void => nextTick(this.#afterTicks);
  readonly #afterTicks = (): void => this.#send();
  readonly #ending = (): void => {
    if (this.#sending === "done") this.#sending = "idle";
  };

  /** Does `work`. */
  constructor(work: TurnWork) {
    this.#work = work;
  }

  /** Runs in the next turn of the event loop. */
  now(): void {
    if (this.#stopped) return;
    this.#turn ??= setImmediate(this.#turning);
  }

  /** Runs in each turn of the event loop from now on, which does not wait for anything any more, nor for deadlines. */
  always(): void {
    this.#isEndless = true;
    this.now();
  }

  /** Sends after the promises that are settled in this turn, or in the next turn where that was done in this one. */
  soon(): void {
    if (this.#sending === "done") this.now();
    if (this.#stopped || this.#sending !== "idle") return;
    this.#sending = "soon";
    // Ticks run after all microtasks; one that is asked for outside of them would run before. `queueMicrotask` would make a
    // resource for hooks, which costs more than everything else here.
    void SETTLED.then(this.#afterPromises);
  }

  /**
   * The time for what is said now; µs. It is read once for all that is sent together: a thousand commands in one turn need not ask the
   * clock a thousand times.
   */
  get saidUs(): number {
    if (this.#sending !== "soon") return systemTime.nowUs();
    if (this.#saidUs === 0) this.#saidUs = systemTime.nowUs();
    return this.#saidUs;
  }

  /** Runs when a deadline has come; Infinity waits for {@link Turns.now}. */
  at(deadlineUs: number): void {
    if (this.#stopped || this.#isEndless || deadlineUs === Number.POSITIVE_INFINITY) return;
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

  #begin(): void {
    this.#turn = undefined;
    this.#ending();
    if (this.#isEndless) this.now();
    this.#work.run();
  }

  #send(): void {
    if (this.#stopped) return;
    this.#sending = "done";
    this.#saidUs = WIDE_ZERO;
    // The next turn ends this one, if there is one already.
    if (this.#turn === undefined) setImmediate(this.#ending);
    this.#work.send();
  }
}
