import { columnMajorStrides, type Shape } from "@proj/wire-types";
import { EtherError } from "../errors.js";

/** Bytes of a tensor header. spec/xcp.md §14.3 */
export const TENSOR_HEADER_BYTES = 32;

/** Most dimensions a tensor header can hold. spec/xcp.md §14.3 */
const MAX_TENSOR_RANK = 6;

/** Element types of a tensor header, by their numbers on the wire. spec/xcp.md §14.3 */
export const TensorDType = {
  /** Four bytes, IEEE 754. */
  F32: 0,
  /** Two bytes, binary16. */
  F16: 1,
  /** One byte, quantised. §14.4 */
  QNT8: 2,
} as const;

const ROW_QNT = 0x01;
const COL_MAJOR = 0x02;
const ZERO_POINT = 0x08;
const ROW_ZERO_POINT = 0x10;
const PLAIN_FLAGS = ROW_QNT | COL_MAJOR;

/** The fields of the 32 bytes before tensor data. spec/xcp.md §14.3, §14.5 */
export interface TensorHeader {
  /** 0 F32, 1 F16, 2 8-bit: see {@link TensorDType}. */
  readonly dtype: number;
  /** Sizes of the dimensions, 1 to 6 of them. */
  readonly shape: Shape;
  /** Scale of all rows, or of rows whose own scale is NaN; 0 for floats. */
  readonly scale: number;
  /** Whether every row carries its own scale. 8-bit only. */
  readonly rowQuantized: boolean;
  /** Whether the first dimension is contiguous instead of the last. */
  readonly columnMajor: boolean;
  /** Zero point of all rows when it is not 128; needs the extension. §14.5 */
  readonly zeroPoint?: number;
  /** Whether every row carries its own zero point; needs the extension. §14.5 */
  readonly rowZeroPoints?: boolean;
}

/** How a header is read. */
export interface TensorHeaderOptions {
  /** Whether both sides set feature bit 2. §14.5 */
  readonly tensorExtension?: boolean;
}

/**
 * Writes the 32 bytes of a header into `into` at `offset`.
 *
 * @throws EtherError `ether.ether_invalid` for a rank, dimension or zero point that does not fit.
 */
export function encodeTensorHeader(header: TensorHeader, into: Uint8Array, offset: number): void {
  const { shape } = header;
  if (shape.length < 1 || shape.length > MAX_TENSOR_RANK) {
    throw new EtherError(
      "ether.ether_invalid",
      `a tensor body holds 1..${MAX_TENSOR_RANK} dimensions, not ${shape.length}: merge some or use DLPACK`,
    );
  }
  const view = new DataView(into.buffer, into.byteOffset + offset, TENSOR_HEADER_BYTES);
  into.fill(0, offset, offset + TENSOR_HEADER_BYTES);
  into[offset] = shape.length;
  into[offset + 1] = header.dtype;
  let flags = 0;
  if (header.rowQuantized) flags |= ROW_QNT;
  if (header.columnMajor) flags |= COL_MAJOR;
  if (header.rowZeroPoints === true) flags |= ROW_ZERO_POINT;
  if (header.zeroPoint !== undefined) {
    flags |= ZERO_POINT;
    into[offset + 3] = header.zeroPoint;
  }
  into[offset + 2] = flags;
  for (const [axis, dimension] of shape.entries()) {
    if (!Number.isInteger(dimension) || dimension < 0 || dimension > 0xffff_ffff) {
      throw new EtherError("ether.ether_invalid", `a dimension of ${dimension} is no u32`);
    }
    view.setUint32(4 + 4 * axis, dimension, true);
  }
  view.setFloat32(28, header.scale, true);
}

/**
 * Reads the header of a tensor of element type `dtype` from the start of `bytes`.
 *
 * @throws EtherError `ether.tensor_header` for any broken rule of the header, `ether.tensor_size` when `bytes` is
 * shorter than a header.
 * @see spec/xcp.md §14.3
 */
export function decodeTensorHeader(
  bytes: Uint8Array,
  dtype: number,
  options: TensorHeaderOptions = {},
): TensorHeader {
  if (bytes.length < TENSOR_HEADER_BYTES) {
    throw new EtherError(
      "ether.tensor_size",
      `${bytes.length} bytes, a tensor header takes ${TENSOR_HEADER_BYTES}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, TENSOR_HEADER_BYTES);
  const found = view.getUint8(1);
  if (found !== dtype || found > TensorDType.QNT8) throw malformed(`dtype ${found}`);
  const flags = decodeFlags(view, dtype, options);
  const header: TensorHeader = {
    dtype,
    shape: decodeShape(view),
    scale: view.getFloat32(28, true),
    ...flags,
  };
  tensorDataBytes(header);
  return header;
}

/**
 * Computes how many bytes of data follow a header.
 *
 * @throws EtherError `ether.tensor_header` above 2^53-1.
 */
export function tensorDataBytes(header: TensorHeader): number {
  const { dtype, shape, rowQuantized } = header;
  if (shape.includes(0)) return 0;
  let bytes = dtype === TensorDType.F32 ? 4 : dtype === TensorDType.F16 ? 2 : 1;
  for (const dimension of shape) {
    bytes *= dimension;
    if (bytes > Number.MAX_SAFE_INTEGER) {
      throw malformed(`shape [${shape.join(", ")}] takes more than 2^53-1 bytes`);
    }
  }
  if (!rowQuantized) return bytes;
  const rows = bytes / rowLength(header);
  const whole = bytes + rows * rowPrefixBytes(header);
  if (whole > Number.MAX_SAFE_INTEGER) {
    throw malformed(`shape [${shape.join(", ")}] takes more than 2^53-1 bytes with its row scales`);
  }
  return whole;
}

/** Elements in one row: the last dimension. */
export function rowLength(header: TensorHeader): number {
  return header.shape.at(-1) ?? 0;
}

/** Bytes before each row: 4 for its scale, 8 when a zero point follows. spec/xcp.md §14.4, §14.5 */
export function rowPrefixBytes(header: TensorHeader): 0 | 4 | 8 {
  if (!header.rowQuantized) return 0;
  return header.rowZeroPoints === true ? 8 : 4;
}

/** Element distances that a header's order implies; `undefined` for row-major. */
export function headerStrides(header: TensorHeader): readonly number[] | undefined {
  return header.columnMajor ? columnMajorStrides(header.shape) : undefined;
}

type Flags = Pick<TensorHeader, "rowQuantized" | "columnMajor" | "zeroPoint" | "rowZeroPoints">;

function decodeFlags(view: DataView, dtype: number, options: TensorHeaderOptions): Flags {
  const flags = view.getUint8(2);
  const zeroPoint = view.getUint8(3);
  const allowed =
    options.tensorExtension === true ? PLAIN_FLAGS | ZERO_POINT | ROW_ZERO_POINT : PLAIN_FLAGS;
  if ((flags & ~allowed) !== 0) throw malformed(`flags 0x${flags.toString(16)}`);
  const rowQuantized = (flags & ROW_QNT) !== 0;
  const columnMajor = (flags & COL_MAJOR) !== 0;
  const ownZeroPoint = (flags & ZERO_POINT) !== 0;
  const rowZeroPoints = (flags & ROW_ZERO_POINT) !== 0;
  if (dtype !== TensorDType.QNT8 && (flags & ~COL_MAJOR) !== 0) {
    throw malformed(`quantisation flags 0x${flags.toString(16)} on a float tensor`);
  }
  if (rowQuantized && columnMajor) throw malformed("row_qnt with col_major");
  if (ownZeroPoint && rowQuantized) throw malformed("a header zero point with row_qnt");
  if (rowZeroPoints && !rowQuantized) throw malformed("row zero points without row_qnt");
  if (!ownZeroPoint && zeroPoint !== 0) throw malformed(`byte 3 is ${zeroPoint}, not 0`);
  return {
    rowQuantized,
    columnMajor,
    ...(ownZeroPoint ? { zeroPoint } : {}),
    ...(rowZeroPoints ? { rowZeroPoints } : {}),
  };
}

function decodeShape(view: DataView): Shape {
  const rank = view.getUint8(0);
  if (rank < 1 || rank > MAX_TENSOR_RANK) throw malformed(`ndim ${rank}, not 1..6`);
  const shape: number[] = [];
  for (let axis = 0; axis < MAX_TENSOR_RANK; axis++) {
    const dimension = view.getUint32(4 + 4 * axis, true);
    if (axis < rank) shape.push(dimension);
    else if (dimension !== 0) throw malformed(`unused dimension ${axis} is ${dimension}, not 0`);
  }
  return shape;
}

function malformed(what: string): EtherError {
  return new EtherError("ether.tensor_header", `tensor header: ${what}`);
}
