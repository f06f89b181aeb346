/** An adapter that a peer runs, as HELLO lists it. spec/xcp.md §6, §19 */
export interface Converter {
  /** Kind of what it takes, as fnv1a32. */
  readonly fromKind: number;
  /** Major version of what it takes. */
  readonly fromMajor: number;
  /** Kind of what it makes, as fnv1a32. */
  readonly toKind: number;
  /** Major version of what it makes. */
  readonly toMajor: number;
  /** What a path adds up. */
  readonly cost: number;
}
