import { MajorOrder } from "../messages/generated/wire.js";

/** What a tensor header says of a shape. */
export interface ShapeHeader {
  /** One of {@link MajorOrder}. */
  readonly majorOrder: number;
  /** Sizes of the dimensions, 1 to 8 of them. */
  readonly dims: readonly number[];
  /** Distances between neighbours in bytes; 0 means as close as can be. */
  readonly strides: readonly number[];
  /** Bytes of one element. */
  readonly itemBytes: number;
}

const MAX_INT32 = 2 ** 31 - 1;

/**
 * Completes strides of 0, and refuses those that would make elements overlap. spec/tensor-pool.md §4.4
 *
 * @returns The strides in bytes, or what is wrong with them.
 */
export function inferStrides(shape: ShapeHeader): number[] | string {
  const { dims, strides, itemBytes } = shape;
  const order =
    shape.majorOrder === MajorOrder.ROW ? indices(dims.length).toReversed() : indices(dims.length);
  const inferred = Array.from(dims, () => 0);
  let least = itemBytes;
  for (const dim of order) {
    if (least > MAX_INT32) return `dimension ${dim} needs a stride of ${least} bytes`;
    const given = strides[dim] ?? 0;
    if (given !== 0 && given < least) {
      return `dimension ${dim} has a stride of ${given} bytes, less than ${least}`;
    }
    const stride = given === 0 ? least : given;
    inferred[dim] = stride;
    least = stride * Math.max(dims[dim] ?? 0, 1);
  }
  return inferred;
}

/** Bytes from the first element to behind the last one; 0 when there are no elements. */
export function extentBytes(
  dims: readonly number[],
  strides: readonly number[],
  itemBytes: number,
): number {
  if (dims.includes(0)) return 0;
  return dims.reduce((sum, dim, index) => sum + (dim - 1) * (strides[index] ?? 0), itemBytes);
}

/** Tells whether elements lie without gaps between them. */
export function isGapless(shape: {
  readonly dims: readonly number[];
  readonly itemBytes: number;
  readonly extentBytes: number;
}): boolean {
  const elements = shape.dims.reduce((product, dim) => product * dim, 1);
  return shape.extentBytes === elements * shape.itemBytes;
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
