/** The middle of a sample and how far it scatters. */
export interface Spread {
  /** The median. */
  readonly median: number;
  /** The lower quartile. */
  readonly q1: number;
  /** The upper quartile. */
  readonly q3: number;
}

/** Reads the `q`-quantile (0 to 1) off `sorted`, interpolating between neighbours; `NaN` when it is empty. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Finds the median of `values` in any order. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).toSorted(), 0.5);
}

/** Finds median and quartiles of `values` in any order. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).toSorted();
  return {
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
  };
}
