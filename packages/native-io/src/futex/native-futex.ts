import { available, type Capability } from "../capability.js";
import { errnoName, systemError } from "../errors.js";
import { type Futex, FUTEX_SLICE_MS, type FutexAnswer } from "./futex.js";
import { checkWait } from "./check-wait.js";

/** What native/futex.cc exports. Numbers below zero are negative errnos. */
export interface FutexAddon {
  wait(words: Int32Array, index: number, expected: number, timeoutUs: number): number;
  wake(words: Int32Array, index: number, count: number): number;
}

/** Waits in the kernel. */
export class NativeFutex implements Futex {
  readonly #addon: FutexAddon;

  constructor(addon: FutexAddon) {
    this.#addon = addon;
  }

  capabilities(): readonly Capability[] {
    return [available("futex.cross_process", "the kernel's shared futex")];
  }

  wait(words: Int32Array, index: number, expected: number, timeoutMs: number): FutexAnswer {
    checkWait(timeoutMs);
    const deadlineMs = performance.now() + timeoutMs;
    for (let leftMs = timeoutMs; ; leftMs = deadlineMs - performance.now()) {
      const sliceUs = Math.ceil(Math.min(Math.max(leftMs, 0), FUTEX_SLICE_MS) * 1000);
      const answer = this.#addon.wait(words, index, expected, sliceUs);
      if (answer === 0) return "woken";
      const errno = errnoName(answer);
      if (errno === "EAGAIN") return "notEqual";
      if (errno !== "ETIMEDOUT" && errno !== "EINTR") throw systemError("futex wait", answer);
      if (leftMs <= FUTEX_SLICE_MS && errno === "ETIMEDOUT") return "timedOut";
    }
  }

  wake(words: Int32Array, index: number, count: number): number {
    const answer = this.#addon.wake(words, index, count);
    if (answer < 0) throw systemError("futex wake", answer);
    return answer;
  }
}
