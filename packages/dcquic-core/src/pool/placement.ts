/**
 * Where the bytes of a bulk transfer go. Records are written in any order, each once; what takes long slows the sender down.
 */
export interface PlacementTarget {
  /**
   * Whether the target is done with the bytes when `write` is: then they are only lent, and their memory serves for what comes
   * next, which is faster.
   */
  readonly isBorrower?: boolean;
  /**
   * Lends memory for exactly `length` bytes at `offset`, where it has any: records are decrypted there, and not written again.
   * It may be asked more than once, and what lies there is worthless until the transfer is finished. Of a transfer that is encrypted
   * packet by packet the bytes are put there as they come, and it is asked again for each batch of them: whoever lends another
   * memory then, or none, fails the transfer.
   */
  lend?(offset: number, length: number): Uint8Array | undefined;
  /** Writes plain bytes that lie at `offset` of the transfer. They are the target's from now on, unless it is a borrower. */
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
  /** All bytes are written and verified: make them as durable as was asked for. */
  finish?(): void | Promise<void>;
  /** The transfer failed: what was written is not to be used. */
  abort?(error: unknown): void | Promise<void>;
}

/** How a bulk transfer is taken. */
export interface PlaceOptions {
  /** Is given the same records, as a cache would be. */
  readonly tee?: PlacementTarget;
  /** Whether a failure of the tee fails the transfer; `false` if absent. */
  readonly teeRequired?: boolean;
  /** Bytes that may be written and not finished; pulling waits beyond. 4 MiB if absent. */
  readonly windowBytes?: number;
}

/** What a bulk transfer came to. */
export interface BulkResult {
  /** Plain bytes that were placed. */
  readonly bytes: number;
}

/**
 * Places bytes into memory.
 *
 * @throws RangeError, when it is written to, for bytes beyond `memory`: the transfer fails with `dcquic.placement_failed`.
 */
export function memoryTarget(memory: Uint8Array): PlacementTarget {
  return {
    isBorrower: true,
    lend: (offset, length) => {
      return offset + length > memory.length ? undefined : memory.subarray(offset, offset + length);
    },
    write: (offset, bytes) => memory.set(bytes, offset),
  };
}
