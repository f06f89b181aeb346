import { type DType, TensorView, type TypedArray, typedView } from "@proj/wire-types";
import type { Value } from "../value.js";
import { dtypeOf } from "./arrow-type.js";
import type { ArrowColumn } from "./column.js";
import type { ReadContext } from "./read-context.js";

/** A column whose slots are equally shaped blocks of numbers or booleans without nulls. */
export interface NumericBlock {
  /** Type of the elements. */
  readonly dtype: DType;
  /** Shape of one slot, empty for a single element. */
  readonly shape: readonly number[];
  /** Elements per slot. */
  readonly size: number;
  /** The elements of all slots, row-major; a view unless they are bits. */
  readonly elements: TypedArray;
}

/** Sees through nested fixed-size lists to their elements; `undefined` for a column that is not made of these alone. */
export function numericBlock(column: ArrowColumn, context: ReadContext): NumericBlock | undefined {
  const shape: number[] = [];
  let inner = column;
  while (inner.type.kind === "fixedList") {
    shape.push(inner.type.size);
    const child = inner.children[0];
    if (child === undefined || child.validity !== undefined) return undefined;
    inner = child;
  }
  const dtype = inner.dictionary === undefined ? dtypeOf(inner.type) : undefined;
  if (dtype === undefined) return undefined;
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { dtype, shape, size, elements: elementsOf(inner, dtype, context) };
}

/** Presents `elements` as an Ether's value: a plain vector where one exists for the type, else a tensor. */
export function vectorValue(dtype: DType, shape: readonly number[], elements: TypedArray): Value {
  if (shape.length === 1 && dtype !== "float16" && dtype !== "uint8" && dtype !== "bool") {
    return elements;
  }
  return new TensorView(dtype, shape, elements);
}

function elementsOf(column: ArrowColumn, dtype: DType, context: ReadContext): TypedArray {
  if (dtype === "bool") {
    context.spendBytes(column.length);
    return unpackBits(column.data, column.length);
  }
  return typedView(dtype, column.data).subarray(0, column.length);
}

/** Spreads bits, least significant first, into one byte each. */
export function unpackBits(bits: Uint8Array, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = ((bits[i >> 3] ?? 0) >> (i & 7)) & 1;
  return bytes;
}
