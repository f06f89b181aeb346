import { MajorOrder, ProgressUnit } from "../messages/generated/wire.js";
import { dtypeOf, itemBytes, type PoolDType } from "./element-type.js";
import {
  MAX_DIMS,
  SlotField,
  TENSOR_HEADER_BYTES,
  TENSOR_HEADER_HIGH,
  TENSOR_HEADER_LOW,
} from "./slot-header.js";
import { extentBytes, inferStrides } from "./strides.js";

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

/**
 * Reads the tensor header of the slot at `at`, or returns `undefined` when it is not valid. Whether the payload is long enough
 * for it depends on the frame, and is not looked at. spec/tensor-pool.md §4.4
 */
export function readTensorShape(view: DataView, at: number): TensorShape | undefined {
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
