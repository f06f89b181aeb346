import { available, type Capability, missing } from "../capability.js";
import { NativeIoError } from "../errors.js";
import { checkWait } from "./check-wait.js";
import type { Futex, FutexAnswer } from "./futex.js";

const answers = { ok: "woken", "not-equal": "notEqual", "timed-out": "timedOut" } as const;

/** Waits by `Atomics.wait`, which knows the threads of this process only. */
export class PortableFutex implements Futex {
  capabilities(): readonly Capability[] {
    return [
      available("futex.threads", "Atomics.wait on shared buffers"),
      missing("futex.cross_process", "no native backend", "other processes are polled"),
    ];
  }

  wait(words: Int32Array, index: number, expected: number, timeoutMs: number): FutexAnswer {
    checkWait(timeoutMs);
    return answers[Atomics.wait(shared(words), index, expected, timeoutMs)];
  }

  wake(words: Int32Array, index: number, count: number): number {
    return Atomics.notify(shared(words), index, count);
  }
}

function shared(words: Int32Array): Int32Array<SharedArrayBuffer> {
  if (words.buffer instanceof SharedArrayBuffer) return words as Int32Array<SharedArrayBuffer>;
  throw new NativeIoError("native_io.unsupported", "without the addon only shared buffers wait");
}
