import type { MappedStream } from "../region/mapped-stream.js";
import { slotOf } from "../region/layout.js";
import { seqCommit, slotOffset } from "../region/slot-header.js";

/** Waits for a word of shared memory to change; a futex of the machine. */
export interface WordWaiter {
  /** Blocks this thread while `words[index]` is `expected`, for `timeoutMs` milliseconds at most. */
  wait(words: Int32Array, index: number, expected: number, timeoutMs: number): unknown;
}

/**
 * Blocks until the slot of the frame behind `lastSeq` changes, or `timeoutMs` milliseconds have passed.
 *
 * It returns at once where that frame is committed already. Being woken says that something was written, not that a
 * descriptor is there: poll then. Only a producer that wakes its readers (`wakeReaders`) ends it early.
 * spec/tensor-pool.md §25
 */
export function waitForNextFrame(
  stream: MappedStream,
  lastSeq: number,
  waiter: WordWaiter,
  timeoutMs: number,
): void {
  const seq = lastSeq + 1;
  const index = slotOf(seq, stream.nslots);
  const state = seqCommit(stream.ring, index);
  if (state >= seq * 2 + 1) return;
  waiter.wait(stream.ring.words, slotOffset(index) >> 2, state | 0, timeoutMs);
}
