import type { Clock, Timer, Timers } from "@proj/wire-types";
import { CapnwebError } from "../errors.js";
import type { PulledResult } from "../session/session-hooks.js";

interface Awaited {
  readonly result: PulledResult;
  readonly untilUs: number;
}

/**
 * The results that are being awaited: counts them, and gives up those that take too long. All have
 * the same time, so the oldest is always the next to be given up, and one timer is enough.
 * spec/capnweb.md §20.4, §20.5
 */
export class Outstanding {
  readonly #time: Clock & Timers;
  readonly #timeoutMs: number | undefined;
  readonly #idle: (() => void)[] = [];
  #awaited: Awaited[] = [];
  #count = 0;
  #timer: Timer | undefined;

  /** Without `timeoutMs` results are only counted. */
  constructor(time: Clock & Timers, timeoutMs: number | undefined) {
    this.#time = time;
    this.#timeoutMs = timeoutMs;
  }

  /** How many results are awaited. */
  get count(): number {
    return this.#count;
  }

  /** Takes a result that has just been asked for. @see SessionHooks.pulled */
  add(result: PulledResult): () => void {
    this.#count++;
    if (this.#timeoutMs !== undefined) {
      this.#awaited.push({ result, untilUs: this.#time.nowUs() + this.#timeoutMs * 1000 });
      this.#arm();
    }
    return () => this.#settled();
  }

  /** Resolves as soon as nothing is awaited. */
  idle(): Promise<void> {
    return this.#count === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve));
  }

  #settled(): void {
    this.#count--;
    if (this.#count > 0) return;
    this.#awaited = [];
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #arm(): void {
    const [oldest] = this.#awaited;
    if (this.#timer !== undefined || oldest === undefined) return;
    const delayUs = oldest.untilUs - this.#time.nowUs();
    this.#timer = this.#time.schedule(delayUs, () => {
      this.#timer = undefined;
      this.#expire();
    });
  }

  #expire(): void {
    const nowUs = this.#time.nowUs();
    const still = this.#awaited.findIndex(
      ({ result, untilUs }) => untilUs > nowUs && !result.settled,
    );
    const expired = this.#awaited.splice(0, still === -1 ? this.#awaited.length : still);
    for (const { result } of expired) result.giveUp(timeoutError(this.#timeoutMs ?? 0));
    this.#arm();
  }
}

/** What a result that took too long fails with. */
export function timeoutError(timeoutMs: number): CapnwebError {
  return new CapnwebError("capnweb.timeout", `no answer within ${timeoutMs} ms`, {
    details: { timeoutMs },
  });
}
