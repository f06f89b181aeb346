import { type Data, DataType, type Vector } from "apache-arrow";
import { elementCount, isDType, type TypedArray } from "@proj/wire-types";
import type { PublishedTensor } from "../producer/tensor-writer.js";

/**
 * Presents an Arrow vector as a tensor to publish, without a copy: one of numbers, or of lists of one size of them, lists
 * within lists too.
 *
 * The first dimension is the vector's length, and each list adds one of its size.
 *
 * @throws `RangeError` for nulls, for a vector in several chunks, and for other types; half floats and bits among them.
 */
export function tensorOfArrow(vector: Vector): PublishedTensor {
  const [chunk, ...others] = vector.data;
  if (chunk === undefined || others.length > 0) {
    throw new RangeError(`a vector in ${vector.data.length} chunks`);
  }
  const shape = [vector.length];
  const { type, values: elements } = numbersOf(chunk, shape);
  const dtype = DataType.isInt(type) || DataType.isFloat(type) ? type.toString().toLowerCase() : "";
  if (!isDType(dtype) || dtype === "float16" || dtype === "bool") {
    throw new RangeError("a vector of elements that frames do not have");
  }
  // Buffers of an Arrow stream are longer than their elements.
  const values = elements as TypedArray;
  return { dtype, shape, data: values.subarray(0, elementCount(shape)) };
}

function numbersOf(data: Data, shape: number[]): Data {
  if (data.nullCount > 0) throw new RangeError(`a vector with ${data.nullCount} nulls`);
  const [child] = data.children;
  if (!DataType.isFixedSizeList(data.type) || child === undefined) return data;
  shape.push(data.type.listSize);
  return numbersOf(child, shape);
}
