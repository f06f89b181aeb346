import type { AtomicBuffer } from "@proj/aeron";
import { HEADER_SLOT_BYTES, slotOf, SUPERBLOCK_BYTES } from "./layout.js";

/** Offsets in a slot of the header ring. spec/tensor-pool.md §4.3 */
export const SlotField = {
  seqCommit: 0,
  valuesLenBytes: 8,
  payloadSlot: 12,
  poolId: 16,
  payloadOffset: 18,
  timestampNs: 22,
  metaVersion: 30,
  headerLength: 60,
  header: 64,
  dtype: 72,
  majorOrder: 74,
  ndims: 76,
  progressUnit: 78,
  progressStrideBytes: 79,
  dims: 83,
  strides: 115,
} as const;

/** Dimensions that a tensor may have. */
export const MAX_DIMS = 8;
/** Bytes of the tensor header in a slot, its message header counted. */
export const TENSOR_HEADER_BYTES = 192;

/** The first half of a tensor header's message header: block length 184, template 52. */
export const TENSOR_HEADER_LOW = 0x0034_00b8;
/** The second half: schema 900, version 1. */
export const TENSOR_HEADER_HIGH = 0x0001_0384;

/** Where slot `index` begins in a ring. */
export function slotOffset(index: number): number {
  return SUPERBLOCK_BYTES + index * HEADER_SLOT_BYTES;
}

/** What a producer writes of a frame. */
export interface SlotHeader {
  /** Bytes of payload. */
  readonly valuesLenBytes: number;
  /** The slot, which is also that of the payload. */
  readonly index: number;
  /** The pool that holds the payload. */
  readonly poolId: number;
  /** Capture time in nanoseconds; `undefined` is absent. */
  readonly timestampNs: bigint | undefined;
  /** The version of the metadata that describes the frame. */
  readonly metaVersion: number;
  /** The number of the element type. */
  readonly dtype: number;
  /** One of `MajorOrder`. */
  readonly majorOrder: number;
  /** Sizes of the dimensions. */
  readonly dims: readonly number[];
  /** Distances in bytes; 0 is as close as can be. */
  readonly strides: readonly number[];
  /** One of `ProgressUnit`. */
  readonly progressUnit: number;
  /** Bytes of one such unit. */
  readonly progressStrideBytes: number;
}

const ABSENT = 0xffff_ffff;
/** Enough to go up and down again in the largest ring. */
const MAX_LOOKS = 128;
const ABSENT_NS = 2n ** 64n - 1n;

/** Begins writing frame `seq`: readers of the slot see that it is no longer what it was. spec/tensor-pool.md §4.5 */
export function beginSlot(ring: AtomicBuffer, index: number, seq: number): void {
  ring.putPositionRelease(slotOffset(index), seq * 2);
}

/** Ends writing frame `seq`: readers may take it. */
export function commitSlot(ring: AtomicBuffer, index: number, seq: number): void {
  ring.putPositionRelease(slotOffset(index), seq * 2 + 1);
}

/** The number and state of a slot, `seq * 2 + committed`. */
export function seqCommit(ring: AtomicBuffer, index: number): number {
  return ring.positionAcquire(slotOffset(index));
}

/**
 * Tells whether the slot at word `at` holds a frame, committed; the halves are those of its `seq * 2 + 1`.
 *
 * A mix of two values could only pass for this one if 2^31 frames were written between the two loads, so that the second
 * one may be plain: an `Atomics` call costs more than the rest of the comparison.
 */
export function holdsCommitted(
  words: Int32Array,
  at: number,
  commitLow: number,
  commitHigh: number,
): boolean {
  return Atomics.load(words, at) === commitLow && words[at + 1] === commitHigh;
}

/**
 * Returns the newest frame that a ring seems to hold, at least `from`, by looking at a few slots only.
 *
 * Steps that grow while they find newer frames and shrink while they do not. A producer that goes on meanwhile cannot keep it
 * looking for ever.
 */
export function findNewestSeq(ring: AtomicBuffer, nslots: number, from: number): number {
  let newest = from;
  let step = 1;
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const seq = Math.floor((seqCommit(ring, slotOf(newest + step, nslots)) - 1) / 2);
    if (seq >= newest + step) {
      newest = seq;
      step = Math.max(1, Math.min(step * 2, nslots / 2));
    } else if (step === 1) break;
    else step /= 2;
  }
  return newest;
}

/** When the frame in the slot at byte `at` was captured, in nanoseconds, if that was said. */
export function slotTimestampNs(ring: AtomicBuffer, at: number): bigint | undefined {
  const value = ring.view.getBigUint64(at + SlotField.timestampNs, true);
  return value === ABSENT_NS ? undefined : value;
}

/** Writes all of a slot but its `seqCommit`. */
export function writeSlot(ring: AtomicBuffer, slot: SlotHeader): void {
  const { view } = ring;
  const at = slotOffset(slot.index);
  view.setUint32(at + SlotField.valuesLenBytes, slot.valuesLenBytes, true);
  view.setUint32(at + SlotField.payloadSlot, slot.index, true);
  view.setUint16(at + SlotField.poolId, slot.poolId, true);
  view.setUint32(at + SlotField.payloadOffset, 0, true);
  if (slot.timestampNs === undefined) {
    view.setUint32(at + SlotField.timestampNs, ABSENT, true);
    view.setUint32(at + SlotField.timestampNs + 4, ABSENT, true);
  } else {
    view.setBigUint64(at + SlotField.timestampNs, slot.timestampNs, true);
  }
  view.setUint32(at + SlotField.metaVersion, slot.metaVersion, true);
  ring.bytes.fill(0, at + 34, at + SlotField.headerLength);
  view.setUint32(at + SlotField.headerLength, TENSOR_HEADER_BYTES, true);
  view.setUint32(at + SlotField.header, TENSOR_HEADER_LOW, true);
  view.setUint32(at + SlotField.header + 4, TENSOR_HEADER_HIGH, true);
  view.setInt16(at + SlotField.dtype, slot.dtype, true);
  view.setInt16(at + SlotField.majorOrder, slot.majorOrder, true);
  view.setUint8(at + SlotField.ndims, slot.dims.length);
  view.setUint8(at + SlotField.ndims + 1, 0);
  view.setUint8(at + SlotField.progressUnit, slot.progressUnit);
  view.setUint32(at + SlotField.progressStrideBytes, slot.progressStrideBytes, true);
  for (let dim = 0; dim < MAX_DIMS; dim++) {
    view.setInt32(at + SlotField.dims + dim * 4, slot.dims[dim] ?? 0, true);
    view.setInt32(at + SlotField.strides + dim * 4, slot.strides[dim] ?? 0, true);
  }
  ring.bytes.fill(0, at + SlotField.strides + MAX_DIMS * 4, at + HEADER_SLOT_BYTES);
}
