/** A bound that a measured number is held against; it is reported and never fails the run. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** One measured number that has no peer, such as a peak of memory. */
export interface Fact {
  /** What was measured. */
  readonly name: string;
  /** The number. */
  readonly value: number;
  /** Its unit. */
  readonly unit: string;
  /** The bound it should keep. */
  readonly target?: Target;
}

/** Tells whether `value` keeps `target`; `undefined` where there is none. */
export function meets(value: number, target: Target | undefined): boolean | undefined {
  if (target === undefined) return undefined;
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

/** Writes a target the way a table shows it: `≤ 1.2`. */
export function formatTarget(target: Target | undefined): string {
  if (target === undefined) return "";
  return "atMost" in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`;
}
