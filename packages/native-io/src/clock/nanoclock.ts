/**
 * The monotonic clock that all processes of this machine share, in nanoseconds: that of `process.hrtime.bigint()`.
 *
 * Reading it makes no number or bigint that would have to be collected, so that each of millions of frames can carry one.
 */
export interface Nanoclock {
  /** Writes now as 64 bits, little-endian, at `offset`. */
  writeNs(view: DataView, offset: number): void;
}
