/** Why a descriptor gave no frame. Names are stable. spec/tensor-pool.md §9 */
export type DropReason =
  | "unmapped"
  | "malformed"
  | "wrongStream"
  | "epochMismatch"
  | "regression"
  | "skipped"
  | "rateLimited"
  | "late"
  | "badHeader"
  | "badExtent"
  | "badSlot";

/** What a consumer has counted. spec/tensor-pool.md §24 */
export interface ConsumerCounters {
  /** Descriptors that came. */
  received: number;
  /** Frames that were handed out. */
  accepted: number;
  /** Frames of which no descriptor came. */
  dropsGap: number;
  /** Frames that were overwritten before they were read, or while. */
  dropsLate: number;
  /** Descriptors that gave no frame, by reason. */
  readonly drops: Record<DropReason, number>;
}

/** Returns counters at zero. */
export function newConsumerCounters(): ConsumerCounters {
  return {
    received: 0,
    accepted: 0,
    dropsGap: 0,
    dropsLate: 0,
    drops: {
      unmapped: 0,
      malformed: 0,
      wrongStream: 0,
      epochMismatch: 0,
      regression: 0,
      skipped: 0,
      rateLimited: 0,
      late: 0,
      badHeader: 0,
      badExtent: 0,
      badSlot: 0,
    },
  };
}
