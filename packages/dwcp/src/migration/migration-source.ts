/**
 * Something that runs on while it is moved: the memory of a machine, or an image that is written to.
 *
 * @see spec/dwcp.md B15
 */
export interface MigrationSource {
  /** How many there are; it does not change. */
  readonly pageCount: number;
  /** Bytes of each page. */
  readonly pageBytes: number;
  /** Reads pages as they are now, one behind the other in the order of `pages`. They may change while they are read. */
  readPages(pages: readonly number[]): Uint8Array | Promise<Uint8Array>;
  /**
   * Tells which pages may differ from what {@link MigrationSource.readPages} gave of them in `round` or before: bit `p % 8` of byte `p / 8`. A
   * page that is named without need costs time, one that is left out would be lost.
   */
  dirtySince(round: number): Uint8Array | Promise<Uint8Array>;
  /** Stops whatever writes to it. */
  pause(): void | Promise<void>;
  /** Lets it write again, after a migration that came to nothing. */
  resume(): void | Promise<void>;
  /** Slows down what writes to it, to this share of its speed; without it nothing can be slowed down. */
  throttle?(share: number): void | Promise<void>;
}
