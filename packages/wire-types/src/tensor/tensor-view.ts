import { wireError } from "../errors.js";
import { bytesOf, type DType, holdsDType, itemSize, type TypedArray, typedView } from "./dtype.js";
import { elementCount, rowMajorStrides, type Shape } from "./shape.js";

/** What {@link TensorView} needs besides its elements. */
export interface TensorOptions {
  /** Distances in elements; default row-major contiguous. */
  readonly strides?: readonly number[];
}

/** An n-dimensional array over memory it does not own. */
export class TensorView {
  /** Element type. */
  readonly dtype: DType;
  /** Sizes of the dimensions. */
  readonly shape: Shape;
  /** Distances between neighbours along each dimension, in elements. */
  readonly strides: readonly number[];
  /** The elements; `float16` as bits, `bool` as bytes. */
  readonly data: TypedArray;

  /**
   * Wraps `data`, which is not copied.
   *
   * @throws WireError `wire.invalid_shape` when the shape does not fit the data.
   * @throws TypeError when `data` is no array for elements of `dtype`.
   */
  constructor(dtype: DType, shape: Shape, data: TypedArray, options: TensorOptions = {}) {
    if (!holdsDType(data, dtype)) {
      throw new TypeError(`${dtype} is not held in a ${data[Symbol.toStringTag]}`);
    }
    this.dtype = dtype;
    this.shape = shape;
    this.strides = options.strides ?? rowMajorStrides(shape);
    this.data = data;
    if (this.strides.length !== shape.length || farthest(shape, this.strides) > data.length) {
      throw wireError(
        "wire.invalid_shape",
        `shape [${shape.join(", ")}] with strides [${this.strides.join(", ")}] does not fit ${data.length} elements`,
      );
    }
  }

  /** Presents `bytes` as a contiguous row-major tensor; a view where aligned, else a copy. */
  static fromBytes(dtype: DType, shape: Shape, bytes: Uint8Array): TensorView {
    const needed = elementCount(shape) * itemSize(dtype);
    if (needed !== bytes.length) {
      throw wireError(
        "wire.invalid_shape",
        `${dtype} [${shape.join(", ")}] is ${needed} bytes, not ${bytes.length}`,
      );
    }
    return new TensorView(dtype, shape, typedView(dtype, bytes));
  }

  /** Number of elements. */
  get length(): number {
    return elementCount(this.shape);
  }

  /** Whether the elements lie row-major without gaps. */
  get isContiguous(): boolean {
    const dense = rowMajorStrides(this.shape);
    return this.strides.every((stride, i) => stride === dense[i] || this.shape[i] === 1);
  }

  /** The elements' memory, row-major; a view when contiguous, else a gathered copy. */
  toBytes(): Uint8Array {
    const whole = this.isContiguous ? this.data : gather(this);
    return bytesOf(whole).subarray(0, this.length * itemSize(this.dtype));
  }
}

// One past the largest index reached, or Infinity when an index would be negative.
function farthest(shape: Shape, strides: readonly number[]): number {
  if (elementCount(shape) === 0) return 0;
  let top = 0;
  for (const [i, stride] of strides.entries()) {
    if (!Number.isSafeInteger(stride) || stride < 0) return Number.POSITIVE_INFINITY;
    top += stride * ((shape[i] ?? 1) - 1);
  }
  return top + 1;
}

function gather(tensor: TensorView): TypedArray {
  const length = tensor.length;
  const out = typedView(tensor.dtype, new Uint8Array(length * itemSize(tensor.dtype)));
  const index = Array.from(tensor.shape, () => 0);
  let from = 0;
  for (let to = 0; to < length; to++) {
    out[to] = tensor.data[from] as never;
    from += advance(tensor, index);
  }
  return out;
}

// Steps `index` to the next element in row-major order and returns the move in memory.
function advance(tensor: TensorView, index: number[]): number {
  let move = 0;
  for (let axis = index.length - 1; axis >= 0; axis--) {
    const stride = tensor.strides[axis] ?? 0;
    const at = index[axis] ?? 0;
    if (at + 1 < (tensor.shape[axis] ?? 1)) {
      index[axis] = at + 1;
      return move + stride;
    }
    index[axis] = 0;
    move -= stride * at;
  }
  return move;
}
