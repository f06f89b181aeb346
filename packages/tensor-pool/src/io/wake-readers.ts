import type { Backend } from "@proj/native-io";

/** As many waiters as there may be. */
const EVERYBODY = 2 ** 31 - 1;

/** What makes a producer wake readers that block, or nothing where that was not asked for. */
export function wakeReadersOf(
  { futex }: Backend,
  wanted: boolean | undefined,
): { readonly wakeReaders?: (words: Int32Array, index: number) => void } {
  if (wanted !== true) return {};
  return {
    wakeReaders: (words, index) => {
      futex.wake(words, index, EVERYBODY);
    },
  };
}
