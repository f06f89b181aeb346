import { type DType, TensorView, type TypedArray, typedView } from "@proj/wire-types";
import type { Value, VectorValue } from "../value.js";
import { QuantizedTensor } from "./quantized-tensor.js";

/** A vector or tensor, its elements in row-major order. */
export interface Block {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly elements: TypedArray;
}

const vectorTypes: ReadonlyMap<string, DType> = new Map([
  ["Float32Array", "float32"],
  ["Float64Array", "float64"],
  ["Int8Array", "int8"],
  ["Int16Array", "int16"],
  ["Uint16Array", "uint16"],
  ["Int32Array", "int32"],
  ["Uint32Array", "uint32"],
  ["BigInt64Array", "int64"],
  ["BigUint64Array", "uint64"],
]);

/** Presents a vector or tensor of at least one dimension; `undefined` for any other value. */
export function blockOf(value: Value): Block | undefined {
  if (ArrayBuffer.isView(value)) {
    const dtype = vectorTypes.get(value[Symbol.toStringTag]);
    if (dtype === undefined) return undefined;
    const elements = value as VectorValue;
    return { dtype, shape: [elements.length], elements };
  }
  const tensor = value instanceof QuantizedTensor ? value.toTensor() : value;
  if (!(tensor instanceof TensorView) || tensor.shape.length === 0) return undefined;
  const { dtype, shape } = tensor;
  return { dtype, shape, elements: typedView(dtype, tensor.toBytes()) };
}
