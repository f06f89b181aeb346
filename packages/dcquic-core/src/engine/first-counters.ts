/** Where the counters of a path begin: 0, but for a successor that goes on, and for tests of what happens at their ends. */
export interface FirstCounters {
  /** Number of the first packet, in both directions. */
  readonly packetNumber: number;
  /** Number of the first control key, in both directions. */
  readonly keyId: number;
  /** Number of the first announcement, in both directions. */
  readonly notifySeq: number;
}

/** Every counter begins with 0. */
export const FROM_ZERO: FirstCounters = { packetNumber: 0, keyId: 0, notifySeq: 0 };

/** What a path may be given besides its keys and address. */
export interface AddPathOptions {
  /** The name the peer authenticated with: transfers move only between paths of one identity. The address if absent. */
  readonly identity?: string;
  /** Where its counters begin; the same at both ends. */
  readonly counters?: FirstCounters;
}
