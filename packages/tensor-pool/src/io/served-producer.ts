import type { DescriptorFanOut } from "../supervisor/descriptor-fan-out.js";

/** A producer as those see it who serve its consumers; one with a driver or without. */
export interface ServedProducer {
  /** The stream that is written; `undefined` while there is none. */
  readonly streamId: number | undefined;
  /** Who writes. */
  readonly producerId: number;
  /** The epoch that is written; `undefined` while there is none. */
  readonly epoch: bigint | undefined;
  /** The number of its next frame. */
  readonly nextSeq: number;
  /** Where descriptors go: to all, and to consumers that have a stream of their own. */
  readonly descriptors: DescriptorFanOut;
}
