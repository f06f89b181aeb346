/**
 * A piece of memory that other processes, or other threads, may see at the same time.
 *
 * Whoever opened it unmaps it. Removing its name is the business of whoever created it.
 */
export interface SharedRegion {
  /** What it was opened as: an object name, or an absolute path. */
  readonly name: string;
  /** Bytes mapped. */
  readonly size: number;
  /** Whether writing to {@link SharedRegion.bytes} is forbidden; it may then throw or end the process. */
  readonly readOnly: boolean;
  /**
   * The memory itself, not a copy: others change it while it is read.
   *
   * After {@link SharedRegion.unmap} this is empty, and views taken before are empty or throw.
   */
  readonly bytes: Uint8Array;
  /** Gives the memory back; harmless the second time. */
  unmap(): void;
}
