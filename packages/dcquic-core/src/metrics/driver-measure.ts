import type { DistributionCounts } from "../engine/distribution.js";

/** What a driver counts from its start on, where it can. spec/dcquic.md §21 */
export interface DriverMeasure {
  /** Turns of its loop. */
  readonly turns: number;
  /** Datagrams in each message that left: more than one where the kernel cuts them. */
  readonly sentBatches?: DistributionCounts;
  /** Datagrams in each message that arrived: more than one where the kernel gathered them. */
  readonly receivedBatches?: DistributionCounts;
  /** Datagrams that the socket's buffer had no room for. */
  readonly kernelDrops?: number;
  /** Messages that the kernel refused. */
  readonly refusedMessages?: number;
  /** Bytes that were read from peers' memory. */
  readonly rmaBytesRead?: number;
}
