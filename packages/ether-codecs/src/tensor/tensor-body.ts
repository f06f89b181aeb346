import {
  bytesOf,
  columnMajorStrides,
  type DType,
  itemSize,
  TensorView,
  typedView,
} from "@proj/wire-types";
import { EtherError } from "../errors.js";
import { QuantizedTensor } from "./quantized-tensor.js";
import {
  decodeTensorHeader,
  encodeTensorHeader,
  headerStrides,
  TENSOR_HEADER_BYTES,
  tensorDataBytes,
  TensorDType,
  type TensorHeader,
  type TensorHeaderOptions,
} from "./tensor-header.js";

/** A tensor ready to be written: its header and the data behind it. */
export interface PreparedTensor {
  /** The 32 bytes' fields. */
  readonly header: TensorHeader;
  /** The data as it will lie on the wire; a view of the tensor's memory where its order allows. */
  readonly data: Uint8Array;
}

/**
 * Prepares a tensor for the wire, in its own order when that is dense row-major or column-major, else gathered row-major.
 *
 * @throws EtherError `ether.ether_invalid` for an element type that tensor bodies do not have, a rank above 6, or a zero
 * point that needs the extension.
 * @see spec/xcp.md §14.3
 */
export function prepareTensor(
  tensor: TensorView | QuantizedTensor,
  options: TensorHeaderOptions = {},
): PreparedTensor {
  if (tensor instanceof QuantizedTensor) return prepareQuantized(tensor, options);
  const dtype = floatType(tensor.dtype);
  const columnMajor = !tensor.isContiguous && isColumnMajor(tensor);
  const data = columnMajor
    ? bytesOf(tensor.data).subarray(0, tensor.length * itemSize(tensor.dtype))
    : tensor.toBytes();
  const header = { dtype, shape: tensor.shape, scale: 0, rowQuantized: false, columnMajor };
  return { header, data };
}

/** Writes a header and its data into `into` at `offset`, which has room for 32 bytes and the data. */
export function writeTensor(prepared: PreparedTensor, into: Uint8Array, offset: number): void {
  encodeTensorHeader(prepared.header, into, offset);
  into.set(prepared.data, offset + TENSOR_HEADER_BYTES);
}

/**
 * Encodes a tensor with its header into bytes of its own; dense column-major tensors keep their order.
 *
 * @throws EtherError `ether.ether_invalid` for an element type that tensor bodies do not have, a rank above 6, or a zero
 * point that needs the extension.
 * @see spec/xcp.md §14.3
 */
export function encodeTensor(
  tensor: TensorView | QuantizedTensor,
  options: TensorHeaderOptions = {},
): Uint8Array {
  const prepared = prepareTensor(tensor, options);
  const body = new Uint8Array(TENSOR_HEADER_BYTES + prepared.data.length);
  writeTensor(prepared, body, 0);
  return body;
}

/**
 * Decodes a header of element type `dtype` and the data behind it, which must end with `body`.
 *
 * The result is a view of `body` where aligned; 8-bit tensors are dequantised when first asked.
 *
 * @throws EtherError `ether.tensor_header`, `ether.tensor_size`.
 * @see spec/xcp.md §14.3
 */
export function decodeTensor(
  body: Uint8Array,
  dtype: number,
  options: TensorHeaderOptions = {},
): TensorView | QuantizedTensor {
  const header = decodeTensorHeader(body, dtype, options);
  const data = body.subarray(TENSOR_HEADER_BYTES);
  const needed = tensorDataBytes(header);
  if (data.length !== needed) {
    throw new EtherError(
      "ether.tensor_size",
      `shape [${header.shape.join(", ")}] takes ${TENSOR_HEADER_BYTES + needed} bytes, not ${body.length}`,
    );
  }
  if (dtype === TensorDType.QNT8) return new QuantizedTensor(header, data);
  const name = dtype === TensorDType.F32 ? "float32" : "float16";
  const strides = headerStrides(header);
  const elements = typedView(name, data);
  return new TensorView(name, header.shape, elements, strides === undefined ? {} : { strides });
}

function prepareQuantized(tensor: QuantizedTensor, options: TensorHeaderOptions): PreparedTensor {
  const { header, data } = tensor;
  const extended = header.zeroPoint !== undefined || header.rowZeroPoints === true;
  if (extended && options.tensorExtension !== true) {
    throw new EtherError(
      "ether.ether_invalid",
      "a zero point other than 128 needs the tensor extension on both sides",
    );
  }
  return { header, data };
}

function floatType(dtype: DType): number {
  if (dtype === "float32") return TensorDType.F32;
  if (dtype === "float16") return TensorDType.F16;
  throw new EtherError(
    "ether.ether_invalid",
    `a tensor of ${dtype} has no tensor body: use an attachment, ARROW_IPC or DLPACK`,
  );
}

function isColumnMajor(tensor: TensorView): boolean {
  const dense = columnMajorStrides(tensor.shape);
  return tensor.strides.every((stride, axis) => stride === dense[axis]);
}
