import type { AtomicBuffer } from "@proj/aeron";
import { MajorOrder, ProgressUnit } from "../messages/generated/wire.js";
import { dtypeOf, itemBytes, type PoolDType } from "../region/element-type.js";
import {
  MAX_DIMS,
  SlotField,
  TENSOR_HEADER_BYTES,
  TENSOR_HEADER_HIGH,
  TENSOR_HEADER_LOW,
} from "../region/slot-header.js";
import { extentBytes, inferStrides } from "../region/strides.js";

/** A tensor header that was found to be right, as far as frames share it. */
export interface TensorShape {
  /** The element type. */
  readonly dtype: PoolDType;
  /** Its number on the wire. */
  readonly dtypeCode: number;
  /** Which dimension lies closest together. */
  readonly majorOrder: "row" | "column";
  /** Sizes of the dimensions. */
  readonly dims: readonly number[];
  /** Distances between neighbours in bytes. */
  readonly stridesBytes: readonly number[];
  /** Bytes of one element. */
  readonly itemBytes: number;
  /** Bytes from the first element to behind the last one. */
  readonly extentBytes: number;
  /** What progress is counted in. */
  readonly progressUnit: "none" | "rows" | "columns";
  /** Bytes of one such unit. */
  readonly progressStrideBytes: number;
}

// The words of a slot that decide: from byte 60 to the last dimension, and from the first stride to the last. Dimensions
// begin 3 bytes behind a word, as strides do, so that the bytes that are in use end in the word behind them.
const LENGTH_WORD = SlotField.headerLength >> 2;
const HEADER_WORD = SlotField.header >> 2;
const TYPE_WORD = SlotField.dtype >> 2;
const NDIMS_WORD = SlotField.ndims >> 2;
const DIMS_WORD = SlotField.dims >> 2;
const STRIDES_WORD = SlotField.strides >> 2;
const END_WORD = STRIDES_WORD + MAX_DIMS + 1;

/**
 * Checks the tensor headers of slots. spec/tensor-pool.md §4.4
 *
 * Frames of one stream look alike, so that the last good header is kept: one that equals it, word by word, needs no more
 * than that comparison.
 */
export class HeaderCheck {
  readonly #known = new Int32Array(END_WORD);
  #dims = 0;
  #shape: TensorShape | undefined;

  /** Returns what the header of the slot at `at` says, or `undefined` when it is not valid. */
  check(ring: AtomicBuffer, at: number): TensorShape | undefined {
    const { words } = ring;
    const slot = at >> 2;
    if (this.#shape !== undefined && this.#equalsKnown(words, slot)) return this.#shape;
    const shape = readTensorShape(ring.view, at);
    if (shape !== undefined) {
      this.#known.set(words.subarray(slot, slot + END_WORD));
      this.#dims = shape.dims.length;
      this.#shape = shape;
    }
    return shape;
  }

  // Without branches: a header differs from the one before it so rarely that what is looked at in vain costs less.
  #equalsKnown(words: Int32Array, slot: number): boolean {
    const known = this.#known;
    const dims = this.#dims;
    // Written out: a loop over six words takes as long again.
    let differs =
      ((words[slot + LENGTH_WORD] ?? 0) ^ (known[LENGTH_WORD] ?? 0)) |
      ((words[slot + HEADER_WORD] ?? 0) ^ (known[HEADER_WORD] ?? 0)) |
      ((words[slot + HEADER_WORD + 1] ?? 0) ^ (known[HEADER_WORD + 1] ?? 0)) |
      ((words[slot + TYPE_WORD] ?? 0) ^ (known[TYPE_WORD] ?? 0)) |
      ((words[slot + NDIMS_WORD] ?? 0) ^ (known[NDIMS_WORD] ?? 0)) |
      ((words[slot + DIMS_WORD] ?? 0) ^ (known[DIMS_WORD] ?? 0));
    for (let dim = 1; dim < dims; dim++) {
      differs |= (words[slot + DIMS_WORD + dim] ?? 0) ^ (known[DIMS_WORD + dim] ?? 0);
      differs |= (words[slot + STRIDES_WORD + dim] ?? 0) ^ (known[STRIDES_WORD + dim] ?? 0);
    }
    const dimsEnd = DIMS_WORD + dims;
    const stridesEnd = STRIDES_WORD + dims;
    differs |= ((words[slot + dimsEnd] ?? 0) ^ (known[dimsEnd] ?? 0)) << 8;
    differs |= ((words[slot + STRIDES_WORD] ?? 0) ^ (known[STRIDES_WORD] ?? 0)) >>> 24;
    differs |= ((words[slot + stridesEnd] ?? 0) ^ (known[stridesEnd] ?? 0)) << 8;
    return differs === 0;
  }
}

/** Reads and checks the tensor header of the slot at `at`, all but its extent, which depends on the frame. */
function readTensorShape(view: DataView, at: number): TensorShape | undefined {
  const whole =
    view.getUint32(at + SlotField.headerLength, true) === TENSOR_HEADER_BYTES &&
    view.getUint32(at + SlotField.header, true) === TENSOR_HEADER_LOW &&
    view.getUint32(at + SlotField.header + 4, true) === TENSOR_HEADER_HIGH;
  const dtypeCode = view.getInt16(at + SlotField.dtype, true);
  const dtype = dtypeOf(dtypeCode);
  const majorOrder = view.getInt16(at + SlotField.majorOrder, true);
  const ndims = view.getUint8(at + SlotField.ndims);
  const ordered = majorOrder === MajorOrder.ROW || majorOrder === MajorOrder.COLUMN;
  if (!whole || dtype === undefined || !ordered || ndims < 1 || ndims > MAX_DIMS) return undefined;
  const dims = int32s(view, at + SlotField.dims, ndims);
  const given = int32s(view, at + SlotField.strides, ndims);
  if (dims.some((dim) => dim < 0) || given.some((stride) => stride < 0)) return undefined;
  const size = itemBytes(dtypeCode);
  const stridesBytes = inferStrides({ majorOrder, dims, strides: given, itemBytes: size });
  if (typeof stridesBytes === "string") return undefined;
  const unit = view.getUint8(at + SlotField.progressUnit);
  const progressStrideBytes = view.getUint32(at + SlotField.progressStrideBytes, true);
  const progressUnit = checkProgress(unit, progressStrideBytes, stridesBytes);
  if (progressUnit === undefined) return undefined;
  return {
    dtype,
    dtypeCode,
    majorOrder: majorOrder === MajorOrder.ROW ? "row" : "column",
    dims,
    stridesBytes,
    itemBytes: size,
    extentBytes: extentBytes(dims, stridesBytes, size),
    progressUnit,
    progressStrideBytes,
  };
}

function checkProgress(
  unit: number,
  strideBytes: number,
  strides: readonly number[],
): TensorShape["progressUnit"] | undefined {
  if (unit === ProgressUnit.NONE) return "none";
  const rows = unit === ProgressUnit.ROWS;
  if (!rows && unit !== ProgressUnit.COLUMNS) return undefined;
  const expected = strides[rows ? 0 : 1];
  if (expected === undefined || strideBytes === 0 || strideBytes !== expected) return undefined;
  return rows ? "rows" : "columns";
}

function int32s(view: DataView, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => view.getInt32(at + index * 4, true));
}
