import { float16ToFloat32, type Shape, TensorView, typedView } from "@proj/wire-types";
import { QuantizedTensor } from "./tensor/quantized-tensor.js";
import { isVector, type Value } from "./value.js";

/** Scalars in order. */
export type Elements = ArrayLike<number | bigint | boolean> & Iterable<number | bigint | boolean>;

/**
 * Lists the scalars of a vector or tensor in row-major order; `undefined` for any other value.
 *
 * float16 elements come as numbers, bool elements as booleans, 64-bit integers as bigints. A plain vector is returned as
 * it is, everything else may be a copy.
 */
export function elementsOf(value: Value): Elements | undefined {
  if (value instanceof QuantizedTensor) return tensorElements(value.toTensor());
  if (value instanceof TensorView) return tensorElements(value);
  return isVector(value) ? value : undefined;
}

/** Gives the shape of a vector or tensor; `undefined` for any other value. */
export function shapeOf(value: Value | undefined): Shape | undefined {
  if (value instanceof TensorView || value instanceof QuantizedTensor) return value.shape;
  return isVector(value) ? [value.length] : undefined;
}

function tensorElements(tensor: TensorView): Elements {
  const flat = typedView(tensor.dtype, tensor.toBytes());
  if (tensor.dtype === "float16") return float16ToFloat32(flat as Uint16Array);
  if (tensor.dtype === "bool") return Array.from(flat as Uint8Array, (element) => element !== 0);
  return flat;
}
