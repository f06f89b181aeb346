import { wireError } from "../errors.js";

/** Sizes of the dimensions, outermost first; an empty shape is a scalar. */
export type Shape = readonly number[];

/**
 * Multiplies the dimensions.
 *
 * @throws WireError `wire.invalid_shape` for a negative or fractional dimension, `wire.overflow` above 2^53-1.
 */
export function elementCount(shape: Shape): number {
  let count = 1n;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw wireError("wire.invalid_shape", `a dimension of ${dimension}`);
    }
    count *= BigInt(dimension);
  }
  if (count > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw wireError("wire.overflow", `shape [${shape.join(", ")}] has more than 2^53-1 elements`);
  }
  return Number(count);
}

/** Distances between neighbours along each dimension, in elements, last dimension contiguous. */
export function rowMajorStrides(shape: Shape): readonly number[] {
  const strides = Array.from(shape, () => 0);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i] ?? 1;
  }
  return strides;
}

/** Distances between neighbours along each dimension, in elements, first dimension contiguous. */
export function columnMajorStrides(shape: Shape): readonly number[] {
  return rowMajorStrides(shape.toReversed()).toReversed();
}
