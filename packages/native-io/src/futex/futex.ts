import type { Capability } from "../capability.js";

/** Waiting for a word of shared memory to change, without spinning. spec/tensor-pool.md §25 */
export interface Futex {
  /** Reports what of this feature the machine lends. */
  capabilities(): readonly Capability[];
  /**
   * Blocks this worker thread while `words[index]` is `expected`, until it is woken.
   *
   * Being woken does not mean that the word has changed: look again. A worker that is terminated stops waiting within
   * {@link FUTEX_SLICE_MS}.
   *
   * @param timeoutMs Milliseconds; `Infinity` for no end.
   * @returns Why it returned; `"notEqual"` without waiting.
   * @throws {@link NativeIoError} `native_io.main_thread` on the main thread, whose event loop must not stop;
   *   `native_io.unsupported` for memory that this backend cannot wait for.
   */
  wait(words: Int32Array, index: number, expected: number, timeoutMs: number): FutexAnswer;
  /**
   * Wakes at most `count` waiters of `words[index]`, in every process that has it mapped; from any thread.
   *
   * @returns How many were woken.
   */
  wake(words: Int32Array, index: number, count: number): number;
}

/** Why a wait came to its end. */
export type FutexAnswer = "woken" | "notEqual" | "timedOut";

/** The longest single wait in the kernel, in milliseconds: between two, JavaScript may be interrupted. */
export const FUTEX_SLICE_MS = 20;
