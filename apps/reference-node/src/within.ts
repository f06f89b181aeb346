/**
 * Waits for `work`, but no longer than `ms`; what comes of it afterwards is ignored.
 *
 * @param ms Milliseconds, at most 2^31 - 1.
 * @throws what `work` throws, or `tooLate()`
 */
export async function within<T>(work: Promise<T>, ms: number, tooLate: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
