import { encodeQosConsumer, encodeQosProducer, type Mode } from "../messages/generated/wire.js";

/** How often each side says how it fares, in nanoseconds. spec/tensor-pool.md §11 */
const PERIOD_NS = 1_000_000_000n;

/** How a consumer fares. */
export interface ConsumerQos {
  /** The stream. */
  readonly streamId: number;
  /** The consumer. */
  readonly consumerId: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** The highest frame that was taken for processing, also if it was late; -1 before the first. */
  readonly lastSeqSeen: number;
  /** Frames whose descriptors never came. */
  readonly dropsGap: number;
  /** Frames that were overwritten before they were read. */
  readonly dropsLate: number;
  /** Whether all frames are wanted, or some. */
  readonly mode: Mode;
}

/** How a producer fares. */
export interface ProducerQos {
  /** The stream. */
  readonly streamId: number;
  /** The producer. */
  readonly producerId: number;
  /** Its epoch. */
  readonly epoch: bigint;
  /** The last frame that was published; -1 before the first. */
  readonly currentSeq: number;
  /** What the producer means by it; absent when unused. */
  readonly watermark?: number;
}

/** Sends one side's report each second. spec/tensor-pool.md §11 */
export class QosReporter {
  readonly #report: () => Uint8Array | undefined;
  #nextNs = 0n;

  /** `report` makes the message, or nothing while there is nothing to report. */
  constructor(report: () => Uint8Array | undefined) {
    this.#report = report;
  }

  /** Returns the message that is due, if one is. */
  due(nowNs: bigint): Uint8Array | undefined {
    if (nowNs < this.#nextNs) return undefined;
    this.#nextNs = nowNs + PERIOD_NS;
    return this.#report();
  }
}

/** Encodes a consumer's report. */
export function encodeConsumerQos(qos: ConsumerQos): Uint8Array {
  return encodeQosConsumer({
    streamId: qos.streamId,
    consumerId: qos.consumerId,
    epoch: qos.epoch,
    lastSeqSeen: BigInt(Math.max(0, qos.lastSeqSeen)),
    dropsGap: BigInt(qos.dropsGap),
    dropsLate: BigInt(qos.dropsLate),
    mode: qos.mode,
  });
}

/** Encodes a producer's report. */
export function encodeProducerQos(qos: ProducerQos): Uint8Array {
  return encodeQosProducer({
    streamId: qos.streamId,
    producerId: qos.producerId,
    epoch: qos.epoch,
    currentSeq: BigInt(Math.max(0, qos.currentSeq)),
    watermark: qos.watermark,
  });
}
