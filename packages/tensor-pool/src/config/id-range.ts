/** Stream ids from `first` to `last`, both counted. spec/tensor-pool.md §21, §22 */
export interface IdRange {
  /** The lowest. */
  readonly first: number;
  /** The highest. */
  readonly last: number;
}

/** Parses `a-b`; `undefined` for anything else. */
export function parseIdRange(text: string): IdRange | undefined {
  const match = /^(\d{1,10})-(\d{1,10})$/.exec(text.trim());
  if (match === null) return undefined;
  return idRange(Number(match[1]), Number(match[2]));
}

/** Makes a range; `undefined` unless both ids are of 32 bits, above 0 and below the null value, and in order. */
export function idRange(first: number, last: number): IdRange | undefined {
  const valid = Number.isInteger(first) && Number.isInteger(last) && first >= 1 && first <= last;
  return valid && last < 0xffff_ffff ? { first, last } : undefined;
}

/** Tells whether a range has an id. */
export function inRange(range: IdRange, id: number): boolean {
  return id >= range.first && id <= range.last;
}

/** Tells whether two ranges have an id in common. */
export function rangesOverlap(a: IdRange, b: IdRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}
