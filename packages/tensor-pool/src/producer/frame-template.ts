import { rowMajorStrides } from "@proj/wire-types";
import { AtomicBuffer } from "@proj/aeron";
import { MajorOrder, ProgressUnit } from "../messages/generated/wire.js";
import { dtypeCode, itemBytes, type PoolDType } from "../region/element-type.js";
import { HEADER_SLOT_BYTES } from "../region/layout.js";
import { MAX_DIMS, slotOffset, writeSlot } from "../region/slot-header.js";
import { extentBytes, inferStrides } from "../region/strides.js";

/** What frames of one kind look like. */
export interface FrameType {
  /** The type of their elements. */
  readonly dtype: PoolDType;
  /** Sizes of their dimensions, 1 to 8 of them. */
  readonly shape: readonly number[];
  /** Distances in bytes; by default as close as can be. */
  readonly stridesBytes?: readonly number[];
  /** Which dimension lies closest together; by default `row`, the last one. */
  readonly majorOrder?: "row" | "column";
  /** What progress is counted in; by default nothing. */
  readonly progressUnit?: "none" | "rows" | "columns";
}

/**
 * The header of frames of one kind, prepared once: a producer copies it and writes only what differs.
 */
export class FrameTemplate {
  /** What the frames look like. */
  readonly type: FrameType;
  /** Bytes of payload that such a frame has. */
  readonly payloadBytes: number;
  /** Bytes 8 to 256 of a slot, with nothing in the fields of the single frame. */
  readonly bytes: Uint8Array;

  /** @throws `RangeError` for a shape or strides that no reader would accept. */
  constructor(type: FrameType) {
    const { dtype, shape } = type;
    const code = dtypeCode(dtype);
    const size = itemBytes(code);
    if (shape.length < 1 || shape.length > MAX_DIMS) {
      throw new RangeError(`${shape.length} dimensions, 1 to ${MAX_DIMS} are possible`);
    }
    if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0 && dim < 2 ** 31)) {
      throw new RangeError(`shape [${shape.join(", ")}]`);
    }
    const majorOrder = type.majorOrder === "column" ? MajorOrder.COLUMN : MajorOrder.ROW;
    const given = type.stridesBytes ?? defaultStrides(shape, size, majorOrder);
    const strides = inferStrides({ majorOrder, dims: shape, strides: given, itemBytes: size });
    if (typeof strides === "string") throw new RangeError(strides);
    this.type = type;
    this.payloadBytes = extentBytes(shape, strides, size);
    const progressUnit = progressUnitOf(type);
    const slot = new AtomicBuffer(new Uint8Array(slotOffset(0) + HEADER_SLOT_BYTES));
    writeSlot(slot, {
      valuesLenBytes: this.payloadBytes,
      index: 0,
      poolId: 0,
      timestampNs: undefined,
      metaVersion: 0,
      dtype: code,
      majorOrder,
      dims: shape,
      strides,
      progressUnit,
      progressStrideBytes: progressStride(progressUnit, strides),
    });
    this.bytes = slot.bytes.subarray(slotOffset(0) + 8, slotOffset(0) + HEADER_SLOT_BYTES);
  }
}

function defaultStrides(shape: readonly number[], size: number, majorOrder: number): number[] {
  if (majorOrder !== MajorOrder.ROW) return shape.map(() => 0);
  return rowMajorStrides(shape).map((stride) => Math.max(stride, 1) * size);
}

function progressUnitOf(type: FrameType): number {
  if (type.progressUnit === "rows") return ProgressUnit.ROWS;
  if (type.progressUnit !== "columns") return ProgressUnit.NONE;
  if (type.shape.length < 2) throw new RangeError("progress in columns needs two dimensions");
  return ProgressUnit.COLUMNS;
}

function progressStride(unit: number, strides: readonly number[]): number {
  if (unit === ProgressUnit.ROWS) return strides[0] ?? 0;
  return unit === ProgressUnit.COLUMNS ? (strides[1] ?? 0) : 0;
}
