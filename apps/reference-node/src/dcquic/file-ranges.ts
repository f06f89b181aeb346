/** A range of a file. */
export interface HeldRange {
  readonly offset: number;
  readonly bytes: number;
}

/** The same bytes in as few ranges as possible, in order. */
export function mergeRanges(ranges: readonly HeldRange[]): readonly HeldRange[] {
  const merged: { offset: number; bytes: number }[] = [];
  for (const { offset, bytes } of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const last = merged.at(-1);
    if (last === undefined || offset > last.offset + last.bytes) merged.push({ offset, bytes });
    else last.bytes = Math.max(last.bytes, offset + bytes - last.offset);
  }
  return merged;
}

/** How many bytes ranges cover; what lies in several counts once. */
export function coveredBytes(ranges: readonly HeldRange[]): number {
  return mergeRanges(ranges).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What `held` leaves out of a file of `total` bytes, in ranges of at most `rangeBytes`. An empty file is one empty range. */
export function missingRanges(
  held: readonly HeldRange[],
  total: number,
  rangeBytes: number,
): readonly HeldRange[] {
  if (total === 0) return held.length === 0 ? [{ offset: 0, bytes: 0 }] : [];
  const missing: HeldRange[] = [];
  let from = 0;
  for (const { offset, bytes } of [...mergeRanges(held), { offset: total, bytes: 0 }]) {
    const until = Math.min(offset, total);
    for (; from < until; from = Math.min(from + rangeBytes, until)) {
      missing.push({ offset: from, bytes: Math.min(rangeBytes, until - from) });
    }
    from = Math.max(from, offset + bytes);
  }
  return missing;
}
