import { choosePool, HEADER_SLOT_BYTES, slotOf } from "../region/layout.js";
import type { MappedStream } from "../region/mapped-stream.js";
import { beginSlot, commitSlot, SlotField, slotOffset } from "../region/slot-header.js";
import { type DescriptorSink, offerDescriptor } from "./descriptor-offer.js";
import { DescriptorWriter } from "./descriptor-writer.js";

/** A frame as another producer made it. */
export interface RelayedFrame {
  /** Its number, which it keeps; higher than that of the one before. */
  readonly seq: number;
  /** Its 256 bytes in the header ring it comes from. */
  readonly header: Uint8Array;
  /** Its payload. */
  readonly payload: Uint8Array;
  /** Where it comes from, if that was said. */
  readonly traceId: bigint | undefined;
  /** Tells after copying whether what was copied is this frame and no other; by default it is. */
  readonly stillValid?: () => boolean;
}

/** What a relay stands on. */
export interface RelayProducerSetup {
  /** The regions, mapped for writing. */
  readonly stream: MappedStream;
  /** Where descriptors go. */
  readonly descriptors: DescriptorSink;
  /** Keeps what is written before it before what is written after it; nothing on x64. */
  readonly fence: () => void;
}

/** Why a relayed frame was not published. Numbers at or above 0 are its `seq`. */
export const RelayResult = {
  /** No pool has slots that are large enough. */
  noPool: -1,
  /** The lease is lost, or the relay was closed. */
  leaseLost: -2,
  /** It was overwritten where it came from while it was copied. */
  overwritten: -4,
  /** Its number is not above that of the frame before. */
  outOfOrder: -5,
} as const;

/**
 * Writes frames of another stream into this one under their own numbers, so that gaps stay gaps: what a bridge and a rate
 * limiter do. spec/tensor-pool.md §19
 */
export class RelayProducer {
  /** Frames that were committed. */
  published = 0;
  /** Descriptors that the transport did not take. */
  descriptorBackPressured = 0;
  readonly #setup: RelayProducerSetup;
  readonly #writer: DescriptorWriter;
  #lastSeq = -1;
  #mayWrite = true;

  /** Starts without frames. */
  constructor(setup: RelayProducerSetup) {
    this.#setup = setup;
    this.#writer = new DescriptorWriter(setup.stream.streamId, setup.stream.epoch);
  }

  /** The generation of the regions that it writes. */
  get epoch(): bigint {
    return this.#setup.stream.epoch;
  }

  /** Stops writing for good. */
  revoke(): void {
    this.#mayWrite = false;
  }

  /** Copies a frame into the pool and publishes it; returns its number, or one of {@link RelayResult}. */
  publish(frame: RelayedFrame): number {
    const { seq, header, payload } = frame;
    if (!this.#mayWrite) return RelayResult.leaseLost;
    if (seq <= this.#lastSeq) return RelayResult.outOfOrder;
    const { stream, fence, descriptors } = this.#setup;
    const pool = choosePool(stream.pools, payload.length);
    if (pool === undefined) return RelayResult.noPool;
    const { ring, nslots } = stream;
    const index = slotOf(seq, nslots);
    const at = slotOffset(index);
    beginSlot(ring, index, seq);
    fence();
    if (payload.length > 0) pool.slot(index).set(payload);
    ring.bytes.set(header.subarray(8, HEADER_SLOT_BYTES), at + 8);
    ring.view.setUint32(at + SlotField.valuesLenBytes, payload.length, true);
    ring.view.setUint32(at + SlotField.payloadSlot, index, true);
    ring.view.setUint16(at + SlotField.poolId, pool.poolId, true);
    // What is not committed is seen by nobody, and its number stays free.
    if (frame.stillValid?.() === false) return RelayResult.overwritten;
    fence();
    commitSlot(ring, index, seq);
    this.#lastSeq = seq;
    this.published++;
    const metaVersion = ring.view.getUint32(at + SlotField.metaVersion, true);
    this.#writer.write(seq, metaVersion, undefined, frame.traceId);
    if (!offerDescriptor(descriptors, this.#writer.bytes)) this.descriptorBackPressured++;
    return seq;
  }
}
