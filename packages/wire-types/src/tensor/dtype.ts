/** Element types by their NumPy names. `float16` is held as its 16 bits, `bool` as one byte of 0 or 1. */
export type DType =
  | "float16"
  | "float32"
  | "float64"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

/** The typed array that holds elements of a {@link DType}. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface TypedArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

const constructors: Readonly<Record<DType, TypedArrayConstructor>> = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Every {@link DType}. */
export const dtypes: readonly DType[] = Object.keys(constructors) as DType[];

/** Tells whether `name` is a {@link DType}. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(constructors, name);
}

/** Bytes of one element. */
export function itemSize(dtype: DType): number {
  return constructors[dtype].BYTES_PER_ELEMENT;
}

/** Tells whether `array` is the kind of typed array that holds elements of `dtype`. */
export function holdsDType(array: TypedArray, dtype: DType): boolean {
  return array[Symbol.toStringTag] === constructors[dtype].name;
}

/**
 * Presents `bytes` as elements of `dtype`: a view where the offset is aligned, else a copy.
 *
 * Trailing bytes that fill no element are left out.
 */
export function typedView(dtype: DType, bytes: Uint8Array): TypedArray {
  const size = itemSize(dtype);
  const length = Math.floor(bytes.length / size);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new constructors[dtype](aligned.buffer, aligned.byteOffset, length);
}

/** Presents the memory of a typed array as bytes; a view. */
export function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
