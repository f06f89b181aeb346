import { rowMajorStrides, TensorView, type TypedArray, typedView } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { EtherLimits } from "../limits.js";
import { DEVICE_CPU, type DlpackDescriptor, type DlpackHandle } from "./descriptor.js";
import { dlpackType, elementReading, widenBfloat16 } from "./element-type.js";

/** How a tensor is described beyond its elements. */
export interface DescribeOptions {
  /** How long the sender keeps the memory, in ms; default 0, until released. */
  readonly leaseMs?: number;
  /** Whether the receiver may only read. */
  readonly readOnly?: boolean;
  /** Where the tensor begins in the storage; default 0. */
  readonly byteOffset?: number;
  /** Size of the storage; default what the tensor takes. */
  readonly storageBytes?: number;
}

/** Describes a tensor of the host whose elements lie row-major behind `handle`. */
export function describeTensor(
  tensor: TensorView,
  handle: DlpackHandle,
  options: DescribeOptions = {},
): DlpackDescriptor {
  const type = dlpackType(tensor.dtype);
  const byteOffset = options.byteOffset ?? 0;
  return {
    deviceType: DEVICE_CPU,
    deviceId: 0,
    ...type,
    lanes: 1,
    shape: tensor.shape,
    byteOffset,
    storageBytes: options.storageBytes ?? byteOffset + (tensor.length * type.bits) / 8,
    leaseMs: options.leaseMs ?? 0,
    readOnly: options.readOnly ?? false,
    isCopy: false,
    handle,
  };
}

/**
 * Presents a described tensor over its storage: a view where aligned and without negative strides, else a copy.
 *
 * Several lanes become a last dimension; bfloat16 becomes float32.
 *
 * @param storage `storageBytes` long; the descriptor was checked by `decodeDlpack`.
 * @throws EtherError `ether.tensor_header` for an element type without a place in an Ether, `ether.too_large` when the
 * elements, repeated ones counted, pass `maxBodyBytes`.
 */
export function tensorOverStorage(
  descriptor: DlpackDescriptor,
  storage: Uint8Array,
  limits: EtherLimits,
): TensorView {
  const reading = elementReading(descriptor);
  const { byteOffset, lanes } = descriptor;
  const outer = descriptor.strides ?? rowMajorStrides(descriptor.shape);
  const shape = lanes === 1 ? descriptor.shape : [...descriptor.shape, lanes];
  const strides = lanes === 1 ? outer : [...outer.map((stride) => stride * lanes), 1];
  const itemBytes = descriptor.bits / 8;
  checkExpansion(shape, itemBytes, limits);
  const stored = reading === "bfloat16" ? "uint16" : reading;
  const negative = strides.some((stride, axis) => stride < 0 && (shape[axis] ?? 0) > 0);
  const from = negative ? lowestByte(shape, strides, byteOffset, itemBytes) : byteOffset;
  const flat = typedView(stored, storage.subarray(from));
  const elements = negative ? gather(flat, shape, strides, (byteOffset - from) / itemBytes) : flat;
  const dtype = reading === "bfloat16" ? "float32" : reading;
  const data = reading === "bfloat16" ? widenBfloat16(elements as Uint16Array) : elements;
  return new TensorView(dtype, shape, data, negative ? {} : { strides });
}

// Zero strides let one element stand for any number: what is sent on or copied must not grow without bound.
function checkExpansion(shape: readonly number[], itemBytes: number, limits: EtherLimits): void {
  const bytes = shape.reduce((product, size) => product * BigInt(size), BigInt(itemBytes));
  if (bytes > BigInt(limits.maxBodyBytes)) {
    throw new EtherError(
      "ether.too_large",
      `DLPACK: ${bytes} bytes of elements, limit ${limits.maxBodyBytes}`,
    );
  }
}

function lowestByte(
  shape: readonly number[],
  strides: readonly number[],
  byteOffset: number,
  itemBytes: number,
): number {
  let low = 0;
  for (const [axis, stride] of strides.entries()) {
    if (stride < 0) low += stride * ((shape[axis] ?? 1) - 1);
  }
  return byteOffset + low * itemBytes;
}

// Copies elements in row-major order; `origin` is the index of the element with index zero.
function gather(
  flat: TypedArray,
  shape: readonly number[],
  strides: readonly number[],
  origin: number,
): TypedArray {
  const count = shape.reduce((product, size) => product * size, 1);
  const Elements = flat.constructor as new (length: number) => TypedArray;
  const out = new Elements(count);
  let to = 0;
  const visit = (axis: number, from: number): void => {
    if (axis === shape.length) {
      out[to++] = flat[from] as never;
      return;
    }
    for (let i = 0; i < (shape[axis] ?? 0); i++) visit(axis + 1, from + i * (strides[axis] ?? 0));
  };
  visit(0, origin);
  return out;
}
