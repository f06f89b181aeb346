import { type DType, TensorView, type TypedArray, typedView } from "@proj/wire-types";
import { isVector, type Value, vectorDType } from "../value.js";
import { QuantizedTensor } from "./quantized-tensor.js";

/** A vector or tensor, its elements in row-major order. */
export interface Block {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly elements: TypedArray;
}

/** Presents a vector or tensor of at least one dimension; `undefined` for any other value. */
export function blockOf(value: Value): Block | undefined {
  if (isVector(value)) {
    const dtype = vectorDType(value) ?? "float32";
    return { dtype, shape: [value.length], elements: value };
  }
  const tensor = value instanceof QuantizedTensor ? value.toTensor() : value;
  if (!(tensor instanceof TensorView) || tensor.shape.length === 0) return undefined;
  const { dtype, shape } = tensor;
  return { dtype, shape, elements: typedView(dtype, tensor.toBytes()) };
}
